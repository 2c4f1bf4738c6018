"""Whoever could make a version Approved, by whatever action, is named here; nobody else could."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.iam.approval_effects import (
    KEY,
    Reference,
    changing_a_role,
    setting_the_status,
    writing_definitions,
    writing_policies,
)
from tests.iam.simulator import Simulator
from tests.iam.world import AWS_MANAGED, World

pytestmark = pytest.mark.full

REGISTERING = "[dev/bike-demand-Training/Training/Roles/Pipeline]"
VERSIONS = (
    "arn:aws:sagemaker:eu-west-1:@dev:model-package/mlops-bike-demand/7",
    "arn:aws:sagemaker:eu-west-1:@dev:model-package/mlops-churn/7",
)
PIPELINE = "arn:aws:sagemaker:eu-west-1:@dev:pipeline/mlops-bike-demand-training"
PLATFORM_POLICY = "arn:aws:iam::@dev:policy/mlops-dev-bike-demand-invoke"

# A template writes policies: whoever deploys one to the training stage may give itself anything.
# That way is a commit, reviewed; it is the only one beside a person's own call to the registry.
WHO_DEPLOYS = {
    "dev/Bootstrap/CloudFormationExecutionRole",
    "dev/Bootstrap/DeploymentActionRole",
    "Delivery/Promotion/Role",
    "Delivery/Promotion/Pipeline/UpdatePipeline/SelfMutation/Role",
    "delivery/Bootstrap/CloudFormationExecutionRole",
    "delivery/Bootstrap/DeploymentActionRole",
}


@dataclass(frozen=True, kw_only=True)
class Way:
    """One request that would approve a version, or let somebody do so."""

    effect: str
    action: str
    resource: str
    context: Mapping[str, str]


@pytest.fixture(scope="module")
def reference(simulator: Simulator) -> Reference:
    return Reference.beside(simulator.packages)


@pytest.fixture(scope="module")
def ways(reference: Reference) -> Sequence[Way]:
    return list(_ways(reference))


def _ways(reference: Reference) -> Iterator[Way]:
    for action in sorted(setting_the_status(reference)):
        for version in VERSIONS:
            yield Way(
                effect="sets the status",
                action=f"sagemaker:{action}",
                resource=version,
                context={KEY: "Approved"},
            )
    for action in sorted(writing_policies(reference)):
        group = "[dev/Registry/bike-demand/Group]"
        yield Way(
            effect="writes policies", action=f"sagemaker:{action}", resource=group, context={}
        )
    for action in sorted(writing_definitions(reference)):
        yield Way(
            effect="writes definitions",
            action=f"sagemaker:{action}",
            resource=PIPELINE,
            context={},
        )
    for action in sorted(changing_a_role(reference)):
        attached = {"iam:PolicyARN": PLATFORM_POLICY} if "tachRolePolicy" in action else {}
        yield Way(
            effect="writes policies", action=f"iam:{action}", resource=REGISTERING, context=attached
        )


Effects = Callable[[World], dict[str, set[str]]]


@pytest.fixture(scope="module")
def effects(simulator: Simulator, ways: Sequence[Way]) -> Effects:
    """By effect: the roles of which the policies of a world allow a way to it."""

    def found(world: World) -> dict[str, set[str]]:
        asked = [(role, way) for role in _known(world) for way in ways]
        requests = [
            world.request(
                principal=role, action=way.action, resource=way.resource, context=way.context
            )
            for role, way in asked
        ]
        by_effect: dict[str, set[str]] = {way.effect: set() for way in ways}
        verdicts = simulator.decide(world.documents, requests)
        for (role, way), verdict in zip(asked, verdicts, strict=True):
            if verdict.allowed:
                by_effect[way.effect].add(world.path(role))
        return by_effect

    return found


def test_two_sources_of_aws_name_the_same_actions_that_set_an_approval_status(
    reference: Reference,
) -> None:
    assert setting_the_status(reference) == {"CreateModelPackage", "UpdateModelPackage"}
    assert setting_the_status(reference) == reference.with_key("sagemaker", KEY)


def test_the_effects_are_looked_for_behind_every_action_that_aws_knows(
    ways: Sequence[Way],
) -> None:
    assert {
        "sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage",
        "sagemaker:PutModelPackageGroupPolicy", "sagemaker:CreatePipeline",
        "sagemaker:UpdatePipeline", "iam:PutRolePolicy", "iam:AttachRolePolicy",
        "iam:UpdateAssumeRolePolicy",
    } <= {way.action for way in ways}  # fmt: skip


def test_no_role_makes_a_version_approved(world: World, effects: Effects) -> None:
    assert effects(world)["sets the status"] == set()


def test_only_a_deployment_changes_who_may_approve_or_what_registers(
    world: World, effects: Effects
) -> None:
    deploying = {"dev/Bootstrap/CloudFormationExecutionRole"}

    assert effects(world)["writes policies"] == deploying
    assert effects(world)["writes definitions"] == deploying


def test_nobody_changes_what_an_execution_says_and_one_job_alone_what_it_read(
    world: World, simulator: Simulator
) -> None:
    record = "[dev/Foundation/Buckets/Artifacts]/models/bike-demand/e1/Preprocess/read/data.json"
    asked = {
        "sagemaker:UpdatePipelineExecution": f"{PIPELINE}/execution/0a1b2c3d4e5f",
        "s3:PutObject": record,
        "s3:DeleteObject": record,
    }

    found = {
        action: {
            world.path(role)
            for role, verdict in zip(
                _known(world),
                simulator.decide(
                    world.documents,
                    [
                        world.request(principal=role, action=action, resource=where, context={})
                        for role in _known(world)
                    ],
                ),
                strict=True,
            )
            if verdict.allowed
        }
        for action, where in asked.items()
    }

    assert found == {
        "sagemaker:UpdatePipelineExecution": set(),
        "s3:PutObject": {"dev/bike-demand-Training/Training/Roles/Preprocess"},
        "s3:DeleteObject": set(),
    }


def test_only_who_deploys_the_training_stage_acts_as_a_role_with_such_an_effect(
    world: World, simulator: Simulator, effects: Effects
) -> None:
    reached = set().union(*effects(world).values())
    while more := _acting_as(world, simulator, reached) - reached:
        reached |= more

    assert reached == WHO_DEPLOYS


def _known(world: World) -> list[str]:
    """Every role but those with AWS's ReadOnlyAccess, for which a stand-in allows everything."""
    unknown = f"identity {list(AWS_MANAGED)[-1]}"
    return [role for role in world.roles if unknown not in world.principal(role).identity]


def _acting_as(world: World, simulator: Simulator, reached: set[str]) -> set[str]:
    """The roles that may assume one of these, or hand one to the service that it trusts."""
    targets = [role for role in world.roles if world.path(role) in reached]
    asked = [
        (role, action, target, context)
        for role in _known(world)
        for target in targets
        for action, context in _takings(world, target)
    ]
    requests = [
        world.request(principal=role, action=action, resource=target, context=context)
        for role, action, target, context in asked
    ]
    verdicts = simulator.decide(world.documents, requests)
    allowed = zip(asked, verdicts, strict=True)
    return {world.path(role) for (role, *_), verdict in allowed if verdict.allowed}


def _takings(world: World, target: str) -> Iterator[tuple[str, dict[str, str]]]:
    yield "sts:AssumeRole", {}
    for statement in world.documents[f"trust {target}"]:
        trusted = statement.get("Principal", {}).get("Service", [])
        for service in [trusted] if isinstance(trusted, str) else trusted:
            yield "iam:PassRole", {"iam:PassedToService": service}


Change = Callable[[World, dict[str, Any]], None]


def _without_the_condition(_world: World, documents: dict[str, Any]) -> None:
    del _statement(documents, "RegisterVersions")["Condition"]


def _with_both_statuses(_world: World, documents: dict[str, Any]) -> None:
    equal = _statement(documents, "RegisterVersions")["Condition"]["StringEquals"]
    equal[KEY] = ["Approved", "PendingManualApproval"]


def _with_the_status_if_it_is_said(_world: World, documents: dict[str, Any]) -> None:
    condition = _statement(documents, "RegisterVersions")["Condition"]
    condition["StringEqualsIfExists"] = {KEY: "Approved"}
    del condition["StringEquals"]


def _with_updates(_world: World, documents: dict[str, Any]) -> None:
    _statement(documents, "TagAndSeeVersions")["Action"].append("sagemaker:UpdateModelPackage")


def _with_a_pattern(_world: World, documents: dict[str, Any]) -> None:
    _statement(documents, "TagAndSeeVersions")["Action"].append("sagemaker:*ModelPackage")


def _group_policy_of_the_own_account(world: World, documents: dict[str, Any]) -> None:
    documents[f"resource {world.arn('[dev/Registry/bike-demand/Group]')}"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": world.arn(REGISTERING)},
            "Action": "sagemaker:UpdateModelPackage",
            "Resource": "*",
        }
    )


@pytest.mark.parametrize(
    "change",
    [
        _without_the_condition, _with_both_statuses, _with_the_status_if_it_is_said, _with_updates,
        _with_a_pattern, _group_policy_of_the_own_account,
    ],
)  # fmt: skip
def test_a_permission_that_lets_the_training_approve_is_found(
    world: World, effects: Effects, change: Change
) -> None:
    documents = copy.deepcopy(dict(world.documents))
    change(world, documents)

    found = effects(replace(world, documents=documents))

    assert found["sets the status"] == {"dev/bike-demand-Training/Training/Roles/Pipeline"}


def _statement(documents: Mapping[str, Any], sid: str) -> dict[str, Any]:
    (found,) = [
        statement
        for document in documents.values()
        for statement in document
        if statement.get("Sid") == sid
    ]
    assert isinstance(found, dict)
    return found
