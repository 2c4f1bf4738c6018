"""The runner runs what the archive holds, where the stage says, and may change nothing."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.checks.plan import PlannedRelease
from mlops_constructs.checks.check_runner import CheckRunner, build_minutes
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def runner(
    render: Callable[..., Any],
    site_of: Callable[..., Site],
    key_in: Callable[[Any], Any],
    handlers: Path,
    planned: PlannedRelease,
) -> Callable[..., Any]:
    """The template of a runner."""

    def rendered(stage: str = "prod", *, network: bool = False, checks: Any = ("smoke",)) -> Any:
        site = site_of(stage, network=network)
        site = replace(site, stage=site.stage.model_copy(update={"checks": checks}))

        def build(stack: Any) -> None:
            CheckRunner(
                stack,
                "Runner",
                site=site,
                releases=[planned],
                archive=handlers,
                key=key_in(stack),
            )

        return render(build)

    return rendered


def specification(template: Any) -> dict[str, Any]:
    source = template.only("AWS::CodeBuild::Project")["Source"]
    found: dict[str, Any] = json.loads(source["BuildSpec"])
    return found


def test_a_build_runs_the_program_and_keeps_its_report(runner: Callable[..., Any]) -> None:
    found = specification(runner())

    assert found["phases"]["build"]["commands"] == [
        "python -m mlops.checks plan.json --report report ${CHECKS_ONLY:-}"
    ]
    assert found["phases"]["install"]["runtime-versions"] == {"python": "3.11"}

    ((group, report),) = found["reports"].items()
    assert group.endswith(":report-group/acme-prod-checks-results")
    assert report["files"] == ["report.xml"]


def test_boto3_is_installed_where_the_image_has_none(
    runner: Callable[..., Any], tmp_path: Path
) -> None:
    (command,) = specification(runner())["phases"]["install"]["commands"]
    asked = tmp_path / "asked"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$1" in -c) exit $FOUND;; esac\necho "$@" >> {asked}\n')
    python.chmod(0o755)

    for found in ("0", "1"):
        environment = {"PATH": f"{tmp_path}:/bin:/usr/bin", "FOUND": found}
        subprocess.run(["sh", "-c", command], env=environment, check=True)

    assert re.fullmatch(r"-m pip install -q boto3==[0-9.]+\n", asked.read_text())


def test_the_report_goes_below_the_stages_artifacts_one_folder_a_run(
    runner: Callable[..., Any],
) -> None:
    artifacts = runner().only("AWS::CodeBuild::Project")["Artifacts"]

    assert artifacts["Location"] == "acme-prod-artifacts-400000000000-eu-west-1"
    assert (artifacts["Path"], artifacts["NamespaceType"]) == ("checks", "BUILD_ID")


def test_the_summary_is_handed_out_by_what_the_program_writes(
    runner: Callable[..., Any], tmp_path: Path
) -> None:
    found = specification(runner())
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "summary.txt").write_text("1 failed; \"x\" $(rm -rf .) 'y'\n")

    (name,) = found["env"]["exported-variables"]
    script = f"{found['phases']['post_build']['commands'][0]}\nprintenv {name}"
    told = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout == "1 failed; \"x\" $(rm -rf .) 'y'\n"


def test_a_stage_with_a_network_is_checked_from_inside_of_it(runner: Callable[..., Any]) -> None:
    inside = runner(network=True)

    assert inside.only("AWS::CodeBuild::Project")["VpcConfig"]["VpcId"] == "vpc-0123456789abcdef0"
    ((_, statements),) = inside.roles().items()
    assert "CreateInterfaces" in statements
    assert "VpcConfig" not in runner().only("AWS::CodeBuild::Project")


def test_logs_and_reports_are_under_the_stages_key(runner: Callable[..., Any]) -> None:
    template = runner()

    group = template.only("AWS::Logs::LogGroup")
    assert group["LogGroupName"] == "/acme/prod/checks"
    assert "key/11111111" in group["KmsKeyId"]
    assert "key/11111111" in template.only("AWS::CodeBuild::Project")["EncryptionKey"]


def test_a_load_has_a_machine_of_its_own_size(runner: Callable[..., Any]) -> None:
    def size(checks: tuple[str, ...]) -> str:
        found: str = runner(checks=checks).only("AWS::CodeBuild::Project")["Environment"][
            "ComputeType"
        ]
        return found

    assert size(("smoke",)) == "BUILD_GENERAL1_SMALL"
    assert size(("smoke", "load")) == "BUILD_GENERAL1_MEDIUM"


def test_a_build_has_time_for_everything_and_never_more_than_codebuild_allows(
    planned: PlannedRelease,
) -> None:
    assert build_minutes([planned], ["smoke"]) == 17
    assert build_minutes([planned], ["smoke", "integration", "load"]) == 37
    assert build_minutes([planned] * 140, ["smoke", "integration", "load"]) == 480
