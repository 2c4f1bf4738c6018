"""The app as people and the command line run it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

Templates = dict[str, dict[str, Any]]
Finished = subprocess.CompletedProcess[str]


def test_the_app_is_read_at_a_glance(root: Path) -> None:
    assert len((root / "app.py").read_text().splitlines()) < 30


def test_references_between_stacks_are_strong(cdk_context: dict[str, Any]) -> None:
    assert cdk_context["@aws-cdk/core:defaultCrossStackReferences"] == "strong"


def test_asking_for_one_stage_model_and_commit_constructs_only_that(
    synthesize: Callable[..., Path],
    read_templates: Callable[[Path], Templates],
    templates: Templates,
    tmp_path: Path,
) -> None:
    folder = synthesize(tmp_path / "out", stage="dev", model="bike-demand", commit="c0ffee")

    asked = read_templates(folder)

    training = json.dumps(asked["dev/bike-demand-Training"])
    assert "c0ffee" in training
    asked["dev/bike-demand-Training"] = json.loads(training.replace("c0ffee", "unknown"))
    assert asked == {path: t for path, t in templates.items() if path.startswith("dev/")}


def test_a_broken_contract_is_told_with_its_line(
    run_app: Callable[..., Finished], root: Path, tmp_path: Path
) -> None:
    for name in ("config", "model_code"):
        shutil.copytree(root / name, tmp_path / name)
    shutil.copy(root / "app.py", tmp_path)
    stages = tmp_path / "config" / "stages.yaml"
    stages.write_text(stages.read_text().replace("trains: true", "trains: perhaps"))

    finished = run_app(tmp_path / "out", script=tmp_path / "app.py")

    assert finished.returncode == 2
    assert "config/stages.yaml:" in finished.stderr
    assert "trains" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_pinned_command_line_reads_the_assembly(root: Path, assembly: Path) -> None:
    cdk = root / "node_modules" / ".bin" / "cdk"
    assert cdk.exists(), "node_modules is not installed; run `make setup`"

    listed = subprocess.run(
        [str(cdk), "ls", "--app", str(assembly), "dev/*", "--no-notices"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )

    assert "dev/Foundation" in listed.stdout
    assert "prod/Foundation" not in listed.stdout


def test_a_finding_fails_the_command_that_make_synth_runs(
    root: Path, assembly: Path, tmp_path: Path
) -> None:
    # Without the pattern '**' the command line judges no stack of a nested stage and succeeds.
    command = re.search(r"node_modules/\.bin/cdk synth .*?(?= >)", (root / "Makefile").read_text())
    assert command is not None
    broken = shutil.copytree(assembly, tmp_path / "cdk.out")
    report = broken / "validation-report.json"
    content = json.loads(report.read_text())
    finding = {"ruleName": "ML080", "description": "A key rotates", "severity": "error"}
    content["pluginReports"][0] |= {
        "conclusion": "failure",
        "violations": [{**finding, "violatingConstructs": [_key_of(broken)]}],
    }
    report.write_text(json.dumps(content))

    def run(folder: Path) -> int:
        words = [word.strip("'") for word in command[0].split()]
        return subprocess.run([*words, "--app", str(folder)], cwd=root, check=False).returncode

    assert run(assembly) == 0
    assert run(broken) != 0


def _key_of(assembly: Path) -> dict[str, Any]:
    template = next(assembly.rglob("devFoundation*.template.json"))
    place = template.relative_to(assembly).as_posix()
    resource = {"templatePath": place, "logicalId": "Key9BCD29C7", "propertyPaths": []}
    path = "dev/Foundation/Key/Key/Resource"
    return {"constructPath": path, "cloudFormationResource": resource}
