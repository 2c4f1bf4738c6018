"""The build carries its own script, may push, and assumes what it needs and no more."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names, Source
from mlops_constructs.delivery.release_automation import ReleaseAutomation, automation_script
from mlops_constructs.delivery_site import DeliverySite

SECRET = "arn:aws:secretsmanager:eu-west-1:100000000000:secret:push-AbCdEf"
Automation = Callable[[Source], Any]


@pytest.fixture(scope="module")
def automated(render: Callable[..., Any], names: Names, key_in: Any) -> Automation:
    def automation(source: Source) -> Any:
        return render(
            lambda stack: ReleaseAutomation(
                stack,
                "Automation",
                site=DeliverySite(names=names),
                source=source,
                script=automation_script(),
                key=key_in(stack),
            )
        )

    return automation


@pytest.fixture(scope="module")
def automation(automated: Automation) -> Any:
    return automated(Source(repository="ml"))


@pytest.fixture(scope="module")
def project(automation: Any) -> Any:
    return automation.only("AWS::CodeBuild::Project")


def test_the_build_runs_the_script_as_a_program_of_its_own(project: Any) -> None:
    phases = json.loads(project["Source"]["BuildSpec"])["phases"]

    assert project["Source"]["Type"] == "NO_SOURCE"
    assert phases["install"]["runtime-versions"] == {"python": "3.11"}
    (command,) = phases["build"]["commands"]
    first, *script, last, run = command.splitlines()
    assert first == "cat > /tmp/automate-releases.sh <<'SCRIPT'"
    assert script == automation_script().splitlines()
    assert (last, run) == ("SCRIPT", "sh /tmp/automate-releases.sh")


def test_nothing_in_the_script_ends_what_carries_it() -> None:
    assert "SCRIPT" not in automation_script().splitlines()


def test_it_is_small_short_and_not_privileged(project: Any) -> None:
    assert project["Name"] == "acme-release-automation"
    assert project["TimeoutInMinutes"] == 15
    assert project["Environment"]["ComputeType"] == "BUILD_GENERAL1_SMALL"
    assert project["Environment"]["Image"] == "aws/codebuild/standard:7.0"
    assert project["Environment"]["PrivilegedMode"] is False


def test_builds_may_run_at_the_same_time(project: Any) -> None:
    assert "ConcurrentBuildLimit" not in project


@pytest.mark.parametrize(
    ("source", "given"),
    [
        (
            Source(repository="ml", branch="live"),
            {
                "BRANCH": "live",
                "REPOSITORY": "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/ml",
            },
        ),
        (
            Source(
                repository="acme/ml",
                connection="arn:aws:codeconnections:eu-west-1:100000000000:connection/"
                "11111111-2222-3333-4444-555555555555",
                credentials=SECRET,
            ),
            {"BRANCH": "main", "SECRET": SECRET},
        ),
    ],
    ids=["role", "secret"],
)
def test_the_build_is_told_where_to_and_with_what(
    automated: Automation, source: Source, given: dict[str, str]
) -> None:
    environment = automated(source).only("AWS::CodeBuild::Project")["Environment"]

    assert {one["Name"]: one["Value"] for one in environment["EnvironmentVariables"]} == given
    assert {one["Type"] for one in environment["EnvironmentVariables"]} == {"PLAINTEXT"}


def test_the_role_has_the_name_that_the_stages_trust(automation: Any, names: Names) -> None:
    role = automation.only("AWS::IAM::Role")

    assert names.release_automation_role.endswith(f":role/{role['RoleName']}")


def test_it_assumes_one_role_of_the_registry_and_one_of_each_stage(automation: Any) -> None:
    (statements,) = automation.roles().values()

    assert list(statements) == ["ReadStagesAndReject", "PullAndPush", "WriteTheLog"]
    assert statements["ReadStagesAndReject"]["Action"] == "sts:AssumeRole"
    assert statements["ReadStagesAndReject"]["Resource"] == [
        "arn:aws:iam::200000000000:role/acme-dev-release-decisions",
        "arn:aws:iam::200000000000:role/acme-dev-release-records",
        "arn:aws:iam::300000000000:role/acme-test-release-records",
        "arn:aws:iam::400000000000:role/acme-prod-release-records",
    ]


def test_the_library_adds_no_permission(automation: Any) -> None:
    assert automation.all("AWS::IAM::Policy") == []


def test_the_log_is_encrypted_and_ends(automation: Any) -> None:
    log = automation.only("AWS::Logs::LogGroup")

    assert log["LogGroupName"] == "/acme/delivery/release-automation"
    assert log["KmsKeyId"]
    assert log["RetentionInDays"] == 180
