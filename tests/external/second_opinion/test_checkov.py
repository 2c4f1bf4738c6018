"""Checkov over every template: each finding is fixed or explained."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.full


def failed_checks(
    program: Path, folder: Path, offline: dict[str, str], *, framework: str = "cloudformation"
) -> list[dict[str, Any]]:
    run = subprocess.run(
        [
            program,
            *("--directory", folder),
            *("--framework", framework),
            *("--output", "json"),
            *("--skip-download", "--quiet", "--compact", "--soft-fail"),
        ],
        env=offline,
        capture_output=True,
        text=True,
        check=False,  # findings end in an exit code of their own
    )
    report = json.loads(run.stdout)
    failed: list[dict[str, Any]] = report["results"]["failed_checks"]
    return failed


def test_checkov_finds_nothing_but_what_is_explained(
    tools: Callable[[str], Path],
    template_files: dict[Path, str],
    offline: dict[str, str],
    unexplained: Callable[..., str],
) -> None:
    folder = next(iter(template_files)).parent
    found = {
        " ".join(
            (
                check["check_id"],
                template_files[folder / check["file_path"].lstrip("/")],
                re.sub(r"[0-9A-F]{8}$", "", check["resource"].rpartition(".")[2]),
            )
        )
        for check in failed_checks(tools("lint") / "checkov", folder, offline)
    }

    assert unexplained("checkov", found, about="CKV_AWS") == ""


def test_checkov_finds_nothing_in_a_dockerfile_but_what_is_explained(
    tools: Callable[[str], Path],
    root: Path,
    tmp_path: Path,
    offline: dict[str, str],
    unexplained: Callable[..., str],
) -> None:
    for path in (
        root / "mlops/container/serving/Dockerfile",
        *root.glob("model_code/*/Dockerfile"),
    ):
        (tmp_path / path.parent.name).mkdir()
        (tmp_path / path.parent.name / path.name).write_bytes(path.read_bytes())

    failed = failed_checks(tools("lint") / "checkov", tmp_path, offline, framework="dockerfile")

    found = {f"{check['check_id']} {check['file_path'].lstrip('/')}" for check in failed}
    assert unexplained("checkov", found, about="CKV_DOCKER") == ""


def test_checkov_sees_a_fault(
    tools: Callable[[str], Path], tmp_path: Path, offline: dict[str, str]
) -> None:
    resource = {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": False}}
    (tmp_path / "broken.json").write_text(json.dumps({"Resources": {"Key": resource}}))

    failed = failed_checks(tools("lint") / "checkov", tmp_path, offline)

    assert "CKV_AWS_7" in {check["check_id"] for check in failed}
