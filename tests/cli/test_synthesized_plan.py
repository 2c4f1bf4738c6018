"""The plan by hand is the plan that the stage's runner gets."""

import json
import zipfile
from pathlib import Path

import click
import pytest

from mlops.cli.synthesized_plan import synthesized_plan


def test_the_plan_of_each_stage_is_found_in_what_was_synthesized(assembly: Path) -> None:
    found = synthesized_plan(assembly, "staging")

    assert (found.stage, found.account) == ("staging", "333333333333")
    assert found.checks == ("smoke", "integration", "load", "metrics")
    assert [release.model for release in found.releases] == ["bike-demand"]


def test_it_expects_the_release_that_the_release_check_expects(
    assembly: Path, templates: dict[str, dict[str, dict[str, dict[str, object]]]]
) -> None:
    (release,) = synthesized_plan(assembly, "prod").releases

    (check,) = [
        resource["Properties"]
        for resource in templates["prod/bike-demand-ReleaseCheck"]["Resources"].values()
        if resource["Type"] == "Custom::ReleaseCheck"
    ]
    assert isinstance(check, dict)
    assert release.release == check["Release"]
    assert release.package.endswith(f":{check['ModelPackage']}")
    assert list(release.guardrails.alarms) == sorted(check["AlarmNames"])


def test_without_a_synthesis_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="remedy: `make synth`"):
        synthesized_plan(tmp_path, "prod")


def test_a_plan_of_another_form_is_told_with_its_file(tmp_path: Path) -> None:
    stage = tmp_path / "assembly-prod"
    stage.mkdir()
    asset = {"source": {"path": "../checks.zip"}}
    (stage / "prodChecks.assets.json").write_text(json.dumps({"files": {"a": asset}}))
    with zipfile.ZipFile(tmp_path / "checks.zip", "w") as packed:
        packed.writestr("plan.json", '{"schema": 9}')

    with pytest.raises(click.UsageError, match="schema: got 9; allowed: 1"):
        synthesized_plan(tmp_path, "prod")
