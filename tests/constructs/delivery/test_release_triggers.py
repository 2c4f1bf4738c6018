"""What wakes the release automation and what does not, against the events that AWS documents.

`events/model-package.json` is the sample of the SageMaker developer guide, "Events that Amazon
SageMaker AI sends to Amazon EventBridge"; its container list is left out, and the second `source`
that it has by mistake.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import Names
from mlops.rollout.record import EVENT_SOURCE, INCONCLUSIVE, ROLLED_BACK
from mlops_constructs.delivery.release_triggers import ReleaseTriggers
from mlops_constructs.delivery_site import DeliverySite

DOCUMENTED = json.loads((Path(__file__).parents[1] / "events" / "model-package.json").read_text())
# In the account of the test's stack: a rule of another account would be another construct.
PROJECT = "arn:aws:codebuild:eu-west-1:200000000000:project/acme-release-automation"
QUEUE = "arn:aws:sqs:eu-west-1:100000000000:acme-delivery-undelivered"
Heard = Callable[[Any, Any], bool]


@pytest.fixture(scope="module")
def triggers(render: Callable[..., Any], names: Names) -> Any:
    from aws_cdk import aws_codebuild as codebuild
    from aws_cdk import aws_events as events
    from aws_cdk import aws_sqs as sqs

    site = DeliverySite(names=names)

    def build(stack: Any) -> None:
        ReleaseTriggers(
            stack,
            "Triggers",
            site=site,
            bus=events.EventBus.from_event_bus_arn(stack, "Bus", names.event_bus_arn),
            project=codebuild.Project.from_project_arn(stack, "P", PROJECT),
            dead_letters=sqs.Queue.from_queue_arn(stack, "Q", QUEUE),
        )

    return render(build)


@pytest.fixture(scope="module")
def wakes(triggers: Any, heard: Heard) -> Callable[[dict[str, Any]], bool]:
    patterns = [rule["EventPattern"] for rule in triggers.all("AWS::Events::Rule")]

    def woken(event: dict[str, Any]) -> bool:
        return any(heard(pattern, event) for pattern in patterns)

    return woken


def decided(*, account: str = "200000000000", source: str = "aws.sagemaker", **detail: str) -> Any:
    ours = {"ModelPackageGroupName": "acme-churn"}
    return DOCUMENTED | {
        "account": account,
        "source": source,
        "detail": DOCUMENTED["detail"] | ours | detail,
    }


def ended(*, type_: str = ROLLED_BACK, account: str = "400000000000", **changed: Any) -> Any:
    event = {"detail-type": type_, "source": EVENT_SOURCE, "account": account, "detail": {}}
    return event | changed


@pytest.mark.parametrize("status", ["Approved", "Rejected"])
def test_a_decision_about_one_of_our_versions_wakes_it(
    wakes: Callable[[Any], bool], status: str
) -> None:
    assert wakes(decided(ModelApprovalStatus=status))


@pytest.mark.parametrize("type_", [ROLLED_BACK, INCONCLUSIVE])
@pytest.mark.parametrize("account", ["200000000000", "300000000000", "400000000000"])
def test_a_release_that_failed_in_any_stage_wakes_it(
    wakes: Callable[[Any], bool], type_: str, account: str
) -> None:
    assert wakes(ended(type_=type_, account=account))


@pytest.mark.parametrize(
    "event",
    [
        DOCUMENTED,
        decided(ModelPackageGroupName="other-churn"),
        decided(ModelPackageGroupName="churn-acme-"),
        decided(ModelApprovalStatus="PendingManualApproval"),
        decided(account="400000000000"),
        decided(source="mlops.releases"),
        decided() | {"detail-type": "SageMaker Model State Change"},
        ended(account="500000000000"),
        ended(source="other.releases"),
        ended(type_="Mlops Release Healthy"),
    ],
    ids=[
        "the documented event as it is",
        "another project's group",
        "a group that only ends like ours",
        "a new version",
        "a registry of another account",
        "another source",
        "another kind of event",
        "an account that is not a stage",
        "another project's releases",
        "a release that went well",
    ],
)
def test_what_concerns_others_or_decides_nothing_wakes_nobody(
    wakes: Callable[[Any], bool], event: dict[str, Any]
) -> None:
    assert not wakes(event)


def test_both_rules_are_on_the_delivery_bus_and_start_the_build(triggers: Any) -> None:
    rules = triggers.all("AWS::Events::Rule")
    targets = [target for rule in rules for target in rule["Targets"]]

    assert [rule["EventBusName"] for rule in rules] == ["acme-delivery"] * 2
    assert {target["Arn"] for target in targets} == {PROJECT}
    assert {target["DeadLetterConfig"]["Arn"] for target in targets} == {QUEUE}


def test_the_clock_wakes_it_four_times_an_hour(triggers: Any) -> None:
    schedule = triggers.only("AWS::Scheduler::Schedule")

    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    assert schedule["Target"]["Arn"] == PROJECT
    assert schedule["Target"]["DeadLetterConfig"]["Arn"] == QUEUE


def test_whoever_wakes_it_may_do_nothing_else(triggers: Any) -> None:
    allowed = [
        (statement["Action"], statement["Resource"].rpartition(":")[2])
        for statements in triggers.roles().values()
        for statement in statements.values()
    ]

    assert allowed == [
        ("codebuild:StartBuild", "project/acme-release-automation"),
        ("codebuild:StartBuild", "project/acme-release-automation"),
        ("sqs:SendMessage", "acme-delivery-undelivered"),
    ]
    assert triggers.all("AWS::IAM::Policy") == []
