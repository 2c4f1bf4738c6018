"""The least that CloudFormation may do in an account: what its stacks can ever contain.

An account is prepared before anything is deployed to it, and is not prepared again when the first
version is released. So its policies follow from what `config/stages.yaml` makes of the account and
not from the templates of the moment. `execution_actions.json` lists, by kind of stage, the resource
types that its stacks can have and the services that their roles trust, and for each type the calls
that CloudFormation makes. The calls follow the handler permissions of CloudFormation's own resource
schemas; what is left out or added carries its reason there.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from mlops.contract import StageSpec, StagesSpec

ACTIONS: Final = Path(__file__).with_name("execution_actions.json")
# IAM counts the characters of a managed policy without white space.
POLICY_LIMIT: Final = 6144
# These list names only, and know no resource to be limited to.
_UNSCOPED: Final = frozenset(
    {
        "cloudtrail:DescribeTrails",
        "cloudtrail:ListTrails",
        "iam:ListRoles",
        "s3:ListAllMyBuckets",
        "ssm:DescribeParameters",
    }
)
# IAM compares the boundary of the role that these calls make or change.
_BOUNDED: Final = frozenset(
    {
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
)
# IAM compares the managed policy that these calls put on a role or take off it.
_ATTACHING: Final = frozenset({"iam:AttachRolePolicy", "iam:DetachRolePolicy"})
# Whose linked role the first resource of a type makes in an account.
_LINKED: Final = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "sagemaker.application-autoscaling.amazonaws.com"
    ),
    "AWS::Chatbot::SlackChannelConfiguration": "management.chatbot.amazonaws.com",
    # A trail of one account needs none; the schema names the call without this distinction.
    "AWS::CloudTrail::Trail": "cloudtrail.amazonaws.com",
    "AWS::CodeStarNotifications::NotificationRule": "codestar-notifications.amazonaws.com",
}
# The chat service is one for all regions and has endpoints in these alone.
_CHAT_REGIONS: Final = ("ap-southeast-1", "eu-west-1", "us-east-2", "us-west-2")

Statement = dict[str, Any]


class UnknownTypeError(Exception):
    """A resource type of which nobody said what it needs."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What can be deployed into one account."""

    account: str
    region: str
    project: str
    types: frozenset[str]
    services: frozenset[str]
    """Services that the roles trust: roles may be passed to these alone."""
    boundaries: frozenset[str | None]
    """Permissions boundaries of the roles; None where a role has none."""


@dataclass(frozen=True, kw_only=True)
class _Use:
    """One reason for which stacks are deployed into an account."""

    place: tuple[str, str]
    kind: str
    boundary: str | None


def accounts(stages: StagesSpec) -> list[Account]:
    """The accounts of the configuration and what each can ever hold, in the order of their numbers.

    Without a repository there is no delivery stack, and nothing is deployed for the delivery.
    """
    found: dict[tuple[str, str], list[_Use]] = defaultdict(list)
    for use in _uses(stages):
        found[use.place].append(use)
    kinds = action_table()["kinds"]
    return [
        Account(
            account=account,
            region=region,
            project=stages.project,
            types=frozenset(type_ for use in uses for type_ in kinds[use.kind]["types"]),
            services=frozenset(one for use in uses for one in kinds[use.kind]["services"]),
            boundaries=frozenset(use.boundary for use in uses),
        )
        for (account, region), uses in sorted(found.items())
    ]


def policies(account: Account) -> list[dict[str, Any]]:
    """As few policy documents as IAM's size limit allows, the same for the same configuration.

    Raises:
        UnknownTypeError: `execution_actions.json` lacks a type.
    """
    documents: list[list[Statement]] = [[]]
    for statement in _statements(account):
        if _size([*documents[-1], statement]) > POLICY_LIMIT:
            documents.append([])
        documents[-1].append(statement)
    return [_document(statements) for statements in documents]


def policy_name(project: str, number: int) -> str:
    """Name of the nth managed policy of CloudFormation's role; the same in every account."""
    # Outside the prefix of the roles and policies that it allows to change: it never widens itself.
    return f"cdk-execution-{project}-{number}"


def actions_of(types: Iterable[str]) -> set[str]:
    """Every action that CloudFormation needs for these types.

    Raises:
        UnknownTypeError: `execution_actions.json` lacks a type.
    """
    table = action_table()
    given, added = table["types"], table["added"]
    unknown = sorted(type_ for type_ in types if type_ not in given and type_ not in added)
    if unknown:
        raise UnknownTypeError(
            f"{ACTIONS.name}: no actions for {', '.join(unknown)}; "
            "add the handler permissions of its CloudFormation schema"
        )
    return {
        action
        for type_ in types
        for action in [*given.get(type_, []), *added.get(type_, {"actions": []})["actions"]]
    }


@cache
def action_table() -> dict[str, Any]:
    """The committed table, with its source and its exceptions."""
    table: dict[str, Any] = json.loads(ACTIONS.read_text("utf-8"))
    return table


def _statements(account: Account) -> Iterator[Statement]:
    actions = actions_of(account.types)
    services = defaultdict(list)
    for action in sorted(actions - _UNSCOPED):
        services[action.partition(":")[0]].append(action)
    special = {
        "chatbot": _chatbot, "cloudtrail": _cloudtrail, "iam": _iam, "s3": _s3, "ssm": _ssm,
    }  # fmt: skip
    for service, of_service in sorted(services.items()):
        make = special.get(service, _regional)
        yield from make(account, service, of_service)
    yield _allow("Lists", sorted(actions & _UNSCOPED), "*")
    yield _bootstrap_version(account)


def _regional(account: Account, service: str, actions: list[str]) -> Iterator[Statement]:
    # Generated names and creating calls know no narrower resource; the region is the border.
    here = {"aws:RequestedRegion": account.region}
    yield _allow(service.title().replace("-", ""), actions, "*", **here)


def _chatbot(account: Account, _service: str, actions: list[str]) -> Iterator[Statement]:
    there = {"aws:RequestedRegion": sorted({account.region, *_CHAT_REGIONS})}
    yield _allow("Chat", actions, "*", **there)


def _cloudtrail(account: Account, _service: str, actions: list[str]) -> Iterator[Statement]:
    # Other trails of the account are its auditors': no deployment may stop them.
    mine = f"trail/{account.project}-*"
    resource = f"arn:aws:cloudtrail:{account.region}:{account.account}:{mine}"
    yield _allow("Trails", actions, resource)


def _s3(account: Account, _service: str, actions: list[str]) -> Iterator[Statement]:
    reading = [action for action in actions if action.startswith("s3:GetObject")]
    buckets = [action for action in actions if action not in reading]
    yield _allow("Buckets", buckets, f"arn:aws:s3:::{account.project}-*")
    assets = f"arn:aws:s3:::cdk-hnb659fds-assets-{account.account}-{account.region}/*"
    yield _allow("Assets", sorted({*reading, "s3:GetObject"}), assets)


def _ssm(account: Account, _service: str, actions: list[str]) -> Iterator[Statement]:
    # Other parameters of the account may hold anything; ours begin with the project's name.
    yield _allow("Parameters", actions, _parameters(account, account.project))


def _iam(account: Account, _service: str, actions: list[str]) -> Iterator[Statement]:
    mine = f"arn:aws:iam::{account.account}"
    owned = [f"{mine}:{kind}/{account.project}-*" for kind in ("role", "policy")]
    bounded = _BOUNDED & set(actions) if None not in account.boundaries else frozenset()
    attaching = _ATTACHING & set(actions)
    special = {*bounded, *attaching, "iam:PassRole", "iam:CreateServiceLinkedRole"}
    unbound = {"iam:DeleteRolePermissionsBoundary"} if bounded else set()
    yield _allow("Roles", sorted({*actions} - special - unbound), owned)
    if bounded:
        within = {"iam:PermissionsBoundary": sorted(filter(None, account.boundaries))}
        yield _allow("BoundedRoles", sorted(bounded), owned[:1], **within)
    if attaching:
        yield _attach(sorted(attaching), owned)
    if "iam:PassRole" in actions:
        to = {"iam:PassedToService": sorted(account.services)}
        yield _allow("PassRoles", ["iam:PassRole"], owned[:1], **to)
    if "iam:CreateServiceLinkedRole" in actions:
        owners = sorted(_LINKED[type_] for type_ in account.types & _LINKED.keys())
        linked = [f"{mine}:role/aws-service-role/{owner}/*" for owner in owners]
        only = {"iam:AWSServiceName": owners}
        yield _allow("LinkedRoles", ["iam:CreateServiceLinkedRole"], linked, **only)


def _attach(actions: list[str], owned: list[str]) -> Statement:
    """Roles of the project hold policies of the project, and nobody else's."""
    role, policy = owned
    only = {"ArnLike": {"iam:PolicyARN": policy}}
    return _allow("OwnPolicies", actions, [role]) | {"Condition": only}


def _bootstrap_version(account: Account) -> Statement:
    version = _parameters(account, "cdk-bootstrap")
    return _allow("BootstrapVersion", ["ssm:GetParameters"], version)


def _parameters(account: Account, first: str) -> str:
    return f"arn:aws:ssm:{account.region}:{account.account}:parameter/{first}/*"


def _allow(
    sid: str, actions: list[str], resource: str | list[str], **equal: str | list[str]
) -> Statement:
    condition = {"Condition": {"StringEquals": equal}} if equal else {}
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource} | condition


def _document(statements: list[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _size(statements: list[Statement]) -> int:
    return len(re.sub(r"\s", "", json.dumps(_document(statements))))


def _uses(stages: StagesSpec) -> Iterator[_Use]:
    delivery = stages.delivery
    if delivery.source is not None:
        yield _Use(place=(delivery.account, delivery.region), kind="delivery", boundary=None)
    for stage in stages.stages:
        for kind in ("stage", "training") if stage.trains else ("stage",):
            yield _Use(place=(stage.account, stage.region), kind=kind, boundary=_boundary(stage))


def _boundary(stage: StageSpec) -> str | None:
    if stage.permissions_boundary is None:
        return None
    return f"arn:aws:iam::{stage.account}:policy/{stage.permissions_boundary}"
