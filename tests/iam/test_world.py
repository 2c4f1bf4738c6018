"""The accounts put together: what crosses a stack, who asks, and what guards what."""

import pytest

from mlops.contract import StagesSpec
from mlops_constructs.validation.template import items
from tests.iam.world import UnknownNameError, World, world_of


def test_what_a_stack_imports_is_what_the_other_stack_exports(world: World) -> None:
    role = world.principal("[prod/bike-demand-Serving/Model/Role]")
    named = {
        body["Resource"]
        for document in role.identity
        for body in world.documents[document]
        if body.get("Sid") == "UseTheKey"
    }

    assert named == {world.arn("[prod/Foundation/Key/Key]")}


def test_two_roles_of_one_account_are_never_taken_for_each_other(world: World) -> None:
    assert len(set(world.roles)) == len(world.roles)


def test_cloudformation_has_what_the_bootstrap_commands_give_it_and_no_more(world: World) -> None:
    role = world.principal("[prod/Bootstrap/CloudFormationExecutionRole]")

    assert role.identity
    assert all(
        name.startswith("identity arn:aws:iam::444444444444:policy/cdk-execution-mlops-")
        for name in role.identity
    )


def test_the_delivery_account_alone_is_trusted_to_deploy_elsewhere(
    world: World, stages: StagesSpec
) -> None:
    roles = [world.arn(f"[{stage.name}/Bootstrap/DeploymentActionRole]") for stage in stages.stages]
    trusted = {
        account
        for role in roles
        for body in world.documents[f"trust {role}"]
        for account in items(body["Principal"]["AWS"])
        if account != role.split(":")[4]
    }

    assert trusted == {stages.delivery.account}


@pytest.mark.parametrize(
    ("action", "resource", "guard"),
    [
        ("s3:GetObject", "[dev/Foundation/Buckets/Captures]/x",
         "resource [dev/Foundation/Buckets/Captures]"),
        ("sagemaker:DescribeModelPackage",
         "arn:aws:sagemaker:eu-west-1:@dev:model-package/mlops-bike-demand/1",
         "resource [dev/Registry/bike-demand/Group]"),
        ("events:PutEvents", "[Delivery/Events/Bus]", "resource [Delivery/Events/Bus]"),
        ("sts:AssumeRole", "[prod/bike-demand-Serving/Model/Role]",
         "trust [prod/bike-demand-Serving/Model/Role]"),
        ("iam:PassRole", "[prod/bike-demand-Serving/Model/Role]", None),
        ("sagemaker:InvokeEndpoint", "[prod/bike-demand-Serving/Endpoint/Endpoint]", None),
    ],
)  # fmt: skip
def test_a_request_is_judged_by_the_policy_of_what_it_touches(
    world: World, action: str, resource: str, guard: str | None
) -> None:
    request = world.request(
        principal="administrator of @dev", action=action, resource=resource, context={}
    )

    assert request.guard == (None if guard is None else world.arn(guard))


def test_a_request_carries_what_iam_adds_to_it(world: World) -> None:
    request = world.request(
        principal="administrator of @prod",
        action="kms:Decrypt",
        resource="[dev/Foundation/Key/Key]",
        context={},
    )

    assert request.context == {
        "aws:PrincipalArn": "arn:aws:iam::444444444444:role/administrator",
        "aws:PrincipalAccount": "444444444444",
        "aws:PrincipalOrgID": "o-exampleorgid",
        "aws:RequestedRegion": "eu-west-1",
        "aws:ResourceAccount": "222222222222",
        "aws:SecureTransport": "true",
        "kms:ResourceAliases": ["alias/mlops-dev"],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[prod/Foundation/Buckets/Capture]", "near: prod/Foundation/Buckets/Captures"),
        ("administrator of @qa", "qa: is not there"),
        ("arn:aws:iam::444444444444:role/nobody", "no template makes this role"),
    ],
)
def test_who_is_not_there_is_told_with_who_is_near(world: World, text: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        world.principal(text)


def test_a_boundary_that_no_template_holds_is_told() -> None:
    arn = "arn:aws:iam::222222222222:role/r"
    empty = world_of([], managed={}, accounts={})
    bounded = World(
        documents={**empty.documents, f"trust {arn}": []}, boundaries={arn: "arn:guard:policy/g"}
    )

    with pytest.raises(UnknownNameError, match="no template"):
        bounded.principal(arn)
