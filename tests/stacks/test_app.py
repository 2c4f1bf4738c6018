"""The app as people and the command line run it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Templates = dict[str, dict[str, Any]]


@pytest.fixture
def run_app(
    root: Path, tmp_path: Path, cdk_context: dict[str, Any]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `app.py` in a process of its own, with context, on this or another copy of it."""

    def run(*, script: Path | None = None, **context: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "CDK_CONTEXT_JSON": json.dumps(cdk_context | context),
            "CDK_OUTDIR": str(tmp_path / "cdk.out"),
        }
        return subprocess.run(
            [sys.executable, str(script or root / "app.py")],
            env=environment,
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )

    return run


def test_the_app_is_read_at_a_glance(root: Path) -> None:
    assert len((root / "app.py").read_text().splitlines()) < 30


def test_references_between_stacks_are_strong(cdk_context: dict[str, Any]) -> None:
    assert cdk_context["@aws-cdk/core:defaultCrossStackReferences"] == "strong"


def test_asking_for_one_stage_and_model_constructs_only_that(
    synthesize: Callable[..., Path],
    read_templates: Callable[[Path], Templates],
    templates: Templates,
    tmp_path: Path,
) -> None:
    asked = read_templates(synthesize(tmp_path / "out", stage="dev", model="bike-demand"))

    assert asked == {path: t for path, t in templates.items() if path.startswith("dev/")}


def test_a_commit_from_the_command_line_is_recorded_by_the_pipeline(
    synthesize: Callable[..., Path],
    read_templates: Callable[[Path], Templates],
    tmp_path: Path,
) -> None:
    asked = read_templates(synthesize(tmp_path / "out", stage="dev", commit="c0ffee1"))

    assert "c0ffee1" in json.dumps(asked["dev/bike-demand-Training"])


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"stage": "production"}, "allowed: dev, staging, prod"),
        ({"model": "bike-supply"}, "allowed: bike-demand"),
    ],
)
def test_what_does_not_exist_is_refused_without_a_traceback(
    run_app: Callable[..., subprocess.CompletedProcess[str]], context: dict[str, str], told: str
) -> None:
    finished = run_app(**context)

    assert finished.returncode == 2
    assert told in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_broken_contract_is_told_with_its_line(
    run_app: Callable[..., subprocess.CompletedProcess[str]], root: Path, tmp_path: Path
) -> None:
    for name in ("config", "model_code"):
        shutil.copytree(root / name, tmp_path / name)
    shutil.copy(root / "app.py", tmp_path)
    stages = tmp_path / "config" / "stages.yaml"
    stages.write_text(stages.read_text().replace("trains: true", "trains: perhaps"))

    finished = run_app(script=tmp_path / "app.py")

    assert finished.returncode == 2
    assert "config/stages.yaml:" in finished.stderr
    assert "trains" in finished.stderr


def test_the_pinned_command_line_reads_the_assembly(root: Path, assembly: Path) -> None:
    cdk = root / "node_modules" / ".bin" / "cdk"
    if not cdk.exists():
        pytest.skip("node_modules is not installed; run `make setup`")

    listed = subprocess.run(
        [str(cdk), "ls", "--app", str(assembly), "dev/*", "--no-notices"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )

    assert "dev/Foundation" in listed.stdout
    assert "prod/Foundation" not in listed.stdout
