"""Events take the way of a small assembly of two accounts."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.delivery.routes import Arrival, Routes, build_project
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly

STAGE, DELIVERY = "222222222222", "111111111111"
BUS = f"arn:aws:events:eu-west-1:{DELIVERY}:event-bus/acme"
KIND = "SageMaker Model Package State Change"
EVENT = {
    "source": "aws.sagemaker",
    "detail-type": KIND,
    "account": STAGE,
    "detail": {"status": "Approved"},
}


def rule(target: Any, *, bus: Any = None, status: str = "Approved") -> dict[str, Any]:
    properties = {
        "EventPattern": {"detail": {"status": [status]}},
        "Targets": [{"Id": "T", "Arn": target}],
    }
    given = {} if bus is None else {"EventBusName": bus}
    return {"Type": "AWS::Events::Rule", "Properties": properties | given}


def policy(*accounts: str, **condition: Any) -> dict[str, Any]:
    roots = [f"arn:aws:iam::{account}:root" for account in accounts]
    statement = {"Effect": "Allow", "Principal": {"AWS": roots}, "Action": "events:PutEvents"}
    if condition:
        statement["Condition"] = condition["condition"]
    return {
        "Type": "AWS::Events::EventBusPolicy",
        "Properties": {"EventBusName": {"Ref": "Bus"}, "Statement": statement},
    }


@pytest.fixture
def assembly(tmp_path: Path) -> Any:
    def made(**delivery: dict[str, Any]) -> Assembly:
        stacks = {
            "stage": (STAGE, {"Forward": rule(BUS), "Other": rule(BUS, status="Rejected")}),
            "delivery": (
                DELIVERY,
                {
                    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "acme"}},
                    "Build": {"Type": "AWS::CodeBuild::Project", "Properties": {"Name": "auto"}},
                    **delivery,
                },
            ),
        }
        artifacts = {}
        for name, (account, resources) in stacks.items():
            (tmp_path / f"{name}.template.json").write_text(json.dumps({"Resources": resources}))
            artifacts[name] = {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{account}/eu-west-1",
                "properties": {"templateFile": f"{name}.template.json"},
                "displayName": name,
            }
        (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
        return Assembly(tmp_path)

    return made


TO_BUILD = rule({"Fn::GetAtt": ["Build", "Arn"]}, bus={"Ref": "Bus"})


def test_an_event_goes_over_a_foreign_bus_to_its_target(assembly: Any) -> None:
    found = assembly(Wake=TO_BUILD, Let=policy(STAGE))

    (arrival,) = Routes(assembly=found).arrivals(EVENT, account=STAGE)

    assert arrival.rules == ("stage/Forward", "delivery/Wake")
    assert build_project(found, arrival.target) == {"Name": "auto"}


@pytest.mark.parametrize(
    ("source", "kinds", "is_let_in"),
    [
        ("aws.sagemaker", KIND, True),
        ("aws.sagemaker", ["Another", KIND], True),
        ("aws.sagemaker", ["Another"], False),
        ("mlops.releases", KIND, False),
    ],
)
def test_a_bus_takes_the_kinds_of_events_that_its_policy_names(
    assembly: Any, source: str, kinds: Any, is_let_in: bool
) -> None:
    only = {"events:source": source, "events:detail-type": kinds}
    let = policy(STAGE, condition={"ForAllValues:StringEquals": only})
    routes = Routes(assembly=assembly(Wake=TO_BUILD, Let=let))

    if is_let_in:
        assert len(routes.arrivals(EVENT, account=STAGE)) == 1
    else:
        with pytest.raises(RehearsalError, match="put no events of this kind"):
            routes.arrivals(EVENT, account=STAGE)


def test_a_condition_that_is_not_known_is_not_guessed(assembly: Any) -> None:
    let = policy(STAGE, condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})

    with pytest.raises(RehearsalError, match="asks for StringEquals, which is not rehearsed"):
        Routes(assembly=assembly(Wake=TO_BUILD, Let=let)).arrivals(EVENT, account=STAGE)


def test_a_bus_that_does_not_name_the_account_takes_nothing(assembly: Any) -> None:
    found = assembly(Wake=TO_BUILD, Let=policy("333333333333"))

    with pytest.raises(RehearsalError, match=f"lets account {STAGE} put no events"):
        Routes(assembly=found).arrivals(EVENT, account=STAGE)


def test_a_rule_of_another_bus_or_account_is_not_asked(assembly: Any) -> None:
    on_default = rule({"Fn::GetAtt": ["Build", "Arn"]})
    found = assembly(Wake=on_default, Let=policy(STAGE))

    assert Routes(assembly=found).arrivals(EVENT, account=STAGE) == []


def test_what_is_put_on_a_bus_directly_starts_there(assembly: Any) -> None:
    found = assembly(Wake=TO_BUILD, Let=policy(STAGE))

    arrivals = Routes(assembly=found).sent(EVENT, account=STAGE, bus_arn=BUS)

    assert [arrival.rules for arrival in arrivals] == [("delivery/Wake",)]


def test_a_target_that_is_no_build_is_told_apart(assembly: Any) -> None:
    queue = f"arn:aws:sqs:eu-west-1:{DELIVERY}:queue"
    found = assembly(Wake=rule(queue, bus={"Ref": "Bus"}), Let=policy(STAGE))

    arrivals = Routes(assembly=found).arrivals(EVENT, account=STAGE)

    assert arrivals == [Arrival(target=queue, rules=("stage/Forward", "delivery/Wake"))]
    assert build_project(found, queue) is None
