"""The way of an approval: from the registry's account to the delivery account's bus.

The emulator carries no event to another account. So the hop is taken in three parts: what the rule
lets through, where it sends that and whether its role may, and what listens at the other end.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.accounts import DELIVERY, DEV, Deployment, root_of
from tests.emulator.projection import SOURCE
from tests.emulator.servers import REGION, Server

pytestmark = pytest.mark.full

BUS = f"arn:aws:events:{REGION}:{DELIVERY}:event-bus/mlops-delivery"


def decision(group: str, version: int, status: str) -> dict[str, str]:
    """What SageMaker tells of a decided version, under a source that is nobody's."""
    package = f"arn:aws:sagemaker:{REGION}:{DEV}:model-package/{group}/{version}"
    detail = {
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": package,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": status,
    }
    return {
        "Source": f"{SOURCE}sagemaker",
        "DetailType": "SageMaker Model Package State Change",
        "Detail": json.dumps(detail),
    }


@pytest.fixture(scope="module")
def rule(dev: Deployment, aws: Server) -> str:
    """The deployed rule that forwards decisions."""
    found = aws.client("events", root_of(DEV)).list_rule_names_by_target(TargetArn=BUS)
    (name,) = found["RuleNames"]
    return str(name)


@pytest.fixture
def forwarded(rule: str, aws: Server) -> Iterator[str]:
    """A queue that gets what the rule forwards, beside the rule's own target."""
    events, sqs = (aws.client(service, root_of(DEV)) for service in ("events", "sqs"))
    url = sqs.create_queue(QueueName="forwarded")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    events.put_targets(Rule=rule, Targets=[{"Id": "stand-in", "Arn": arn["QueueArn"]}])
    yield url
    events.remove_targets(Rule=rule, Ids=["stand-in"])
    sqs.delete_queue(QueueUrl=url)


def received(aws: Server, queue: str) -> list[dict[str, Any]]:
    answer = aws.client("sqs", root_of(DEV)).receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5
    )
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_decisions_about_our_models_are_forwarded_and_no_others(
    forwarded: str, aws: Server
) -> None:
    entries = [
        decision("somebody-elses", 7, "Approved"),
        decision("mlops-bike-demand", 2, "Approved"),
    ]

    aws.client("events", root_of(DEV)).put_events(Entries=entries)

    (event,) = received(aws, forwarded)
    assert event["account"] == DEV
    assert event["detail"]["ModelPackageArn"].endswith(":model-package/mlops-bike-demand/2")
    assert event["detail"]["ModelApprovalStatus"] == "Approved"


def test_the_forwarding_role_reaches_the_bus_of_the_delivery_account_alone(
    rule: str, delivery: Deployment, aws: Server
) -> None:
    (target,) = aws.client("events", root_of(DEV)).list_targets_by_rule(Rule=rule)["Targets"]
    bus = aws.client("events", root_of(DELIVERY)).describe_event_bus(Name="mlops-delivery")
    iam = aws.client("iam", root_of(DEV))

    decided = {
        arn: iam.simulate_principal_policy(
            PolicySourceArn=target["RoleArn"],
            ActionNames=["events:PutEvents"],
            ResourceArns=[arn],
        )["EvaluationResults"][0]["EvalDecision"]
        for arn in (bus["Arn"], f"{BUS}-2", f"arn:aws:events:{REGION}:{DEV}:event-bus/default")
    }

    assert target["Arn"] == bus["Arn"]
    assert list(decided.values()) == ["allowed", "implicitDeny", "implicitDeny"]
