"""cfn-lint over every template: each finding is fixed or explained."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.full


def name_of(finding: dict[str, Any], kind: str) -> str:
    path = finding["Location"].get("Path") or []
    parts = [re.sub(r"[0-9A-F]{8}$", "", str(part)) for part in path[:2]]
    return " ".join([finding["Rule"]["Id"], kind, *parts[1:]])


def test_cfn_lint_finds_nothing_but_what_is_explained(
    tools: Callable[[str], Path],
    template_files: dict[Path, str],
    offline: dict[str, str],
    unexplained: Callable[..., str],
) -> None:
    program = tools("lint") / "cfn-lint"
    run = subprocess.run(
        [program, "--format", "json", "--template", *template_files],
        env=offline,
        capture_output=True,
        text=True,
        check=False,  # findings end in an exit code of their own
    )
    found = {
        name_of(finding, template_files[Path(finding["Filename"])])
        for finding in json.loads(run.stdout)
    }

    assert unexplained("cfn-lint", found) == ""


def test_cfn_lint_sees_a_fault(
    tools: Callable[[str], Path], tmp_path: Path, offline: dict[str, str]
) -> None:
    broken = tmp_path / "broken.template.json"
    resource = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"Name": "churn"}}
    broken.write_text(json.dumps({"Resources": {"Endpoint": resource}}))

    run = subprocess.run(
        [tools("lint") / "cfn-lint", "--format", "json", broken],
        env=offline,
        capture_output=True,
        text=True,
        check=False,  # findings end in an exit code of their own
    )

    assert {finding["Rule"]["Id"] for finding in json.loads(run.stdout)} >= {"E3002", "E3003"}
