"""The way of an approval: from the registry's account to what listens on the delivery bus.

The emulator carries no event from one account to another, so the delivery bus has a stand-in in the
registry's account, and queues stand for the builds that its rules start.
"""

import json
from pathlib import Path

import pytest

from tests.external.emulator.accounts import DEV, Deployment, root_of
from tests.external.emulator.projection import SOURCE, pattern_on_a_bus, stacks
from tests.external.emulator.queues import listening
from tests.external.emulator.servers import REGION, Server

pytestmark = pytest.mark.full

BUS = "mlops-delivery"
DECIDED = "SageMaker Model Package State Change"
ARN = f"arn:aws:events:{REGION}:{DEV}:event-bus/{BUS}"


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
        "DetailType": DECIDED,
        "Detail": json.dumps(detail),
    }


def test_a_decision_about_a_model_of_ours_wakes_the_automation_and_nothing_else_does(
    dev: Deployment, delivery_bus: str, projection: Path, aws: Server
) -> None:
    (delivery,) = (stack for stack in stacks(projection) if stack.path == "Delivery")
    pattern = pattern_on_a_bus(delivery.template, DECIDED)
    with listening(aws, DEV, delivery_bus, pattern, name="automation") as automation:
        aws.client("events", root_of(DEV)).put_events(
            Entries=[
                decision("somebody-elses", 7, "Approved"),
                decision("mlops-bike-demand", 3, "PendingManualApproval"),
                decision("mlops-bike-demand", 2, "Approved"),
            ]
        )

        (event,) = automation.received()

    assert event["account"] == DEV
    assert event["detail"]["ModelPackageArn"].endswith(":model-package/mlops-bike-demand/2")
    assert event["detail"]["ModelApprovalStatus"] == "Approved"


def test_the_forwarding_role_reaches_that_bus_alone(dev: Deployment, aws: Server) -> None:
    events = aws.client("events", root_of(DEV))
    (rule,) = events.list_rule_names_by_target(TargetArn=ARN)["RuleNames"]
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    iam = aws.client("iam", root_of(DEV))

    decided = [
        iam.simulate_principal_policy(
            PolicySourceArn=target["RoleArn"],
            ActionNames=["events:PutEvents"],
            ResourceArns=[arn],
        )["EvaluationResults"][0]["EvalDecision"]
        for arn in (ARN, f"{ARN}-2", f"arn:aws:events:{REGION}:{DEV}:event-bus/default")
    ]

    assert decided == ["allowed", "implicitDeny", "implicitDeny"]
