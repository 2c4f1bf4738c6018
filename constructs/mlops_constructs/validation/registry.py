"""The model registry: what must outlive every stack, and what people alone decide."""

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from typing import Final

from mlops_constructs.validation.policies import Statement, allowing
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template, is_literal, items, resources, text

_GROUP: Final = "AWS::SageMaker::ModelPackageGroup"
_CONSTANT: Final = ("ModelPackageGroupName", "ModelPackageGroupDescription")
_SETS_THE_STATUS: Final = ("sagemaker:createmodelpackage", "sagemaker:updatemodelpackage")
"""Every action with the condition key; the IAM tests hold it against AWS's reference."""
_LETS_OTHERS: Final = ("sagemaker:putmodelpackagegrouppolicy",)
_UNAPPROVED: Final = frozenset({"Rejected", "PendingManualApproval"})


@rule(
    "ML060",
    why="with the group go all versions, their approvals and the lineage of what is in production",
    remedy="apply RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE",
)
def groups_are_retained(template: Template) -> Iterator[Fault]:
    """A model package group is retained."""
    for logical_id, _ in resources(template, _GROUP):
        resource = template["Resources"][logical_id]
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if resource.get(policy) not in ("Retain", "RetainExceptOnCreate"):
                detail = f"it is {resource.get(policy)}"
                yield Fault(logical_id=logical_id, where=policy, detail=detail)


@rule(
    "ML061",
    why="both can only be changed by replacement, which CloudFormation refuses for a stated name",
    remedy="derive them from the model's name alone",
)
def groups_are_constant(template: Template) -> Iterator[Fault]:
    """Name and description of a model package group are constant."""
    for logical_id, group in resources(template, _GROUP):
        for key in _CONSTANT:
            if not is_literal(group.get(key)):
                where = f"Properties.{key}"
                yield Fault(logical_id=logical_id, where=where, detail="it is not written out")


@rule(
    "ML062",
    why="whoever may approve a version releases it; a role that runs unattended must not",
    remedy="condition the statement by StringEquals on sagemaker:ModelApprovalStatus: Rejected, or "
    "PendingManualApproval where it registers versions",
)
def people_alone_approve(template: Template) -> Iterator[Fault]:
    """A role may register and reject a version, and never approve one."""
    for statement in allowing(template, "identity", "resource"):
        if _may(statement, _SETS_THE_STATUS) and not _leaves_it_unapproved(statement):
            yield _fault(statement, "it may set any approval status")
        if _may(statement, _LETS_OTHERS):
            yield _fault(statement, "it may let anybody approve")


def _may(statement: Statement, actions: Collection[str]) -> bool:
    return any(
        fnmatchcase(action, pattern.lower()) for action in actions for pattern in statement.actions
    )


def _leaves_it_unapproved(statement: Statement) -> bool:
    equal = statement.body.get("Condition", {}).get("StringEquals", {})
    asked = [v for key, v in equal.items() if key.lower() == "sagemaker:modelapprovalstatus"]
    return bool(asked) and _UNAPPROVED.issuperset(map(text, items(asked[0])))


def _fault(statement: Statement, detail: str) -> Fault:
    return Fault(logical_id=statement.logical_id, where=statement.where, detail=detail)


RULES: Final = (groups_are_retained, groups_are_constant, people_alone_approve)
