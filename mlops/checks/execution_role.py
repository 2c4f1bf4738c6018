"""Whether CloudFormation's role in an account may do all that the account's stacks can ever need.

A policy is made once, by a person, and the platform moves on. What it lacks would otherwise show in
the middle of a deployment, as `AccessDenied`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.result import Finding, failed, passed

_SHOWN: Final = 5
_REMEDY: Final = "make new versions of the policies (docs/start/deploying.md, `Once per account`)"

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ExecutionRole:
    """The role that CloudFormation deploys with, and the policies that it should have."""

    name: str
    policies: Sequence[Document]


@dataclass(frozen=True, kw_only=True)
class _Permission:
    """One call on one resource, and under which conditions."""

    action: str
    resource: str
    conditions: Mapping[tuple[str, str], frozenset[str]]

    def covers(self, wanted: "_Permission") -> bool:
        """Whether whoever has this one needs the wanted one no more."""
        # IAM compares actions without case; a condition that was not asked for narrows.
        return (
            fnmatchcase(wanted.action.lower(), self.action.lower())
            and fnmatchcase(wanted.resource, self.resource)
            and all(
                wanted.conditions.get(key, frozenset()) <= values and key in wanted.conditions
                for key, values in self.conditions.items()
            )
        )


def sufficient(clients: Clients, role: ExecutionRole) -> Finding:
    """The permissions that the attached policies lack."""
    try:
        attached = list(_attached(clients, role.name))
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return failed(f"there is no role {role.name}; remedy: `make bootstrap-commands`")
    given = [one for document in attached for one in _permissions(document)]
    wanted = [one for document in role.policies for one in _permissions(document)]
    missing = sorted({one.action for one in wanted if not any(has.covers(one) for has in given)})
    if missing:
        first = ", ".join(missing[:_SHOWN])
        return failed(
            f"{role.name} may not do {len(missing)} calls as it should, among them {first}; "
            f"remedy: {_REMEDY}"
        )
    return passed(f"{len(attached)} policies of {role.name} allow what is needed")


def _attached(clients: Clients, role: str) -> Iterator[Document]:
    iam = clients("iam")
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for policy in page["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
            yield found["PolicyVersion"]["Document"]


def _permissions(document: Document) -> Iterator[_Permission]:
    for statement in _items(document["Statement"]):
        if statement["Effect"] == "Allow":
            conditions = {
                (operator, key): frozenset(_items(values))
                for operator, keys in statement.get("Condition", {}).items()
                for key, values in keys.items()
            }
            # A statement by exclusion is nobody's that is compared here, and allows nothing known.
            for action in _items(statement.get("Action", [])):
                for resource in _items(statement.get("Resource", [])):
                    yield _Permission(action=action, resource=resource, conditions=conditions)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
