"""Who may do what: the promises on permissions that hold in every stack."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_constructs.validation.policies import Statement, allowing, statements
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template, items, resources, text

# Actions for which IAM knows no resource, with what limits each of them instead.
WITHOUT_RESOURCE: Final[Mapping[str, str]] = {
    "ecr:GetAuthorizationToken": "gives a login to the registry; pulling needs more permissions",
    "cloudwatch:GetMetricData": "reads figures, of metrics that have no ARN",
    "cloudwatch:ListMetrics": "lists names, of metrics that have no ARN",
    "cloudwatch:PutMetricData": "limited by the condition on its namespace",
    "xray:PutTraceSegments": "adds trace data only",
    "xray:PutTelemetryRecords": "adds trace data only",
}
_CONFUSED_DEPUTY: Final = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid")
_ROOT: Final = re.compile(
    r"arn:(aws[a-z-]*|\$\{AWS::Partition}):iam::(\d{12}|\$\{AWS::AccountId}):root"
)
_ACCOUNT: Final = re.compile(r"\d{12}|\$\{AWS::AccountId}")
_BROAD_POLICIES: Final = ("FullAccess", "AdministratorAccess", "PowerUserAccess")


def _fault(statement: Statement, detail: str) -> Fault:
    return Fault(logical_id=statement.logical_id, where=statement.where, detail=detail)


@rule(
    "ML070",
    why="a wildcard over a service grants what does not exist yet",
    remedy="name the actions, at most with a verb prefix such as s3:Get*",
)
def actions_are_listed(template: Template) -> Iterator[Fault]:
    """A permission lists its actions."""
    for statement in allowing(template, "identity", "resource", "trust"):
        for action in filter(_is_whole_service, statement.actions):
            if not _owns_key(statement):
                yield _fault(statement, f"it allows {action}")


def _is_whole_service(action: str) -> bool:
    return not action.rpartition(":")[2].strip("*")


def _owns_key(statement: Statement) -> bool:
    """One account's root in a key policy: without it nobody could ever administer the key."""
    owners = sorted({principal for _, principal in statement.principals})
    return (
        statement.resource_type == "AWS::KMS::Key"
        and len(owners) == 1
        and _ROOT.fullmatch(owners[0]) is not None
    )


@rule(
    "ML071",
    why="on every resource, a permission to write or to read data reaches other models and stages",
    remedy="name the ARN or a pattern; describing and listing may stand on all",
)
def resources_are_named(template: Template) -> Iterator[Fault]:
    """A permission names its resources."""
    for statement in allowing(template, "identity"):
        if "*" in statement.resources:
            for action in filter(_needs_resource, statement.actions):
                yield _fault(statement, f"{action} on every resource")


def _needs_resource(action: str) -> bool:
    verb = action.partition(":")[2]
    return not verb.startswith(("Describe", "List")) and action not in WITHOUT_RESOURCE


@rule(
    "ML072",
    why="they are written for a first try, not for a role that runs unattended",
    remedy="write the few statements that the role needs",
)
def no_broad_managed_policy(template: Template) -> Iterator[Fault]:
    """No broad managed policy is attached."""
    for logical_id, principal in resources(
        template, "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"
    ):
        for arn in map(text, items(principal.get("ManagedPolicyArns"))):
            if any(broad in arn for broad in _BROAD_POLICIES):
                where = "Properties.ManagedPolicyArns"
                yield Fault(logical_id=logical_id, where=where, detail=arn)


@rule(
    "ML073",
    why="a principal of * is every account of AWS",
    remedy="name accounts or roles; where that cannot be, limit by account or organization",
)
def principals_are_named(template: Template) -> Iterator[Fault]:
    """Nothing is open to everybody."""
    for statement in allowing(template, "resource", "trust"):
        everybody = any(principal == "*" for _, principal in statement.principals)
        if everybody and not _limits_account(statement):
            yield _fault(statement, "every principal, without a condition on the account")


def _limits_account(statement: Statement) -> bool:
    limiting = (*_CONFUSED_DEPUTY, "aws:principalaccount", "aws:principalorgid", "aws:sourceowner")
    return any(statement.conditions.get(key, "*") != "*" for key in limiting)


@rule(
    "ML074",
    why="PassRole on any role or to any service is the shortest way to more permissions",
    remedy="name the roles and condition on iam:PassedToService",
)
def passed_roles_are_named(template: Template) -> Iterator[Fault]:
    """A role is handed over to one service, by name."""
    for statement in allowing(template, "identity"):
        if "iam:PassRole" not in statement.actions:
            continue
        if any("*" in resource for resource in statement.resources):
            yield _fault(statement, "iam:PassRole on a pattern of roles")
        if statement.conditions.get("iam:passedtoservice", "*") == "*":
            yield _fault(statement, "iam:PassRole without iam:PassedToService")


@rule(
    "ML075",
    why="without aws:SourceAccount another customer's resource could make the service act here",
    remedy="condition the trust on aws:SourceAccount or aws:SourceArn",
)
def trust_names_account(template: Template) -> Iterator[Fault]:
    """A service assumes a role for this account only."""
    for statement in allowing(template, "trust"):
        services = [name for kind, name in statement.principals if kind == "Service"]
        if services and not any(key in statement.conditions for key in _CONFUSED_DEPUTY):
            yield _fault(statement, f"{', '.join(services)} may act for any account")


@rule(
    "ML076",
    why="NotAction, NotResource and NotPrincipal allow everything that is invented later",
    remedy="list actions, resources and principals",
)
def nothing_is_negated(template: Template) -> Iterator[Fault]:
    """A permission says what it allows, not what it leaves out."""
    for statement in allowing(template, "identity", "resource", "trust"):
        for key in ("NotAction", "NotResource", "NotPrincipal"):
            if key in statement.body:
                yield _fault(statement, f"it uses {key}")


@rule(
    "ML077",
    why="a topic, queue, key or function open to a service is open to every customer of it",
    remedy="condition the statement on aws:SourceAccount, aws:SourceArn or the encryption context",
)
def services_name_account(template: Template) -> Iterator[Fault]:
    """A service may use a resource for this account only."""
    for statement in allowing(template, "resource"):
        services = [name for kind, name in statement.principals if kind == "Service"]
        if services and not _limits_service(statement.conditions):
            yield _fault(statement, f"{', '.join(services)} may act for any account")
    for logical_id, permission in resources(template, "AWS::Lambda::Permission"):
        if _is_service(permission) and not _limits_invocation(permission):
            detail = f"{text(permission['Principal'])} may invoke for any account"
            yield Fault(logical_id=logical_id, where="Properties.Principal", detail=detail)


def _limits_service(conditions: Mapping[str, str]) -> bool:
    return any(
        key in _CONFUSED_DEPUTY or key.startswith("kms:encryptioncontext:") for key in conditions
    )


def _is_service(permission: Mapping[str, Any]) -> bool:
    return text(permission.get("Principal")).endswith(".amazonaws.com")


def _limits_invocation(permission: Mapping[str, Any]) -> bool:
    return "SourceArn" in permission or "SourceAccount" in permission


@rule(
    "ML078",
    why="an account as principal is whoever may assume anything there, now and later",
    remedy="condition the trust by ArnEquals on aws:PrincipalArn, with the ARN of one role",
)
def trust_names_principal(template: Template) -> Iterator[Fault]:
    """A role that an account may assume says which role of it."""
    for statement in allowing(template, "trust"):
        accounts = [name for kind, name in statement.principals if _is_account(kind, name)]
        if accounts and not _names_principal(statement):
            yield _fault(statement, f"{', '.join(accounts)} without one exact principal")


def _is_account(kind: str, name: str) -> bool:
    return kind == "AWS" and any(form.fullmatch(name) for form in (_ROOT, _ACCOUNT))


def _names_principal(statement: Statement) -> bool:
    """ArnEquals takes patterns as ArnLike does, so that the value has to be looked at."""
    tests = statement.body.get("Condition", {})
    named = [
        text(value)
        for operator in ("ArnEquals", "StringEquals")
        for key, values in tests.get(operator, {}).items()
        if key.lower() == "aws:principalarn"
        for value in items(values)
    ]
    return bool(named) and not any(mark in name for name in named for mark in "*?")


@rule(
    "ML079",
    why="AWS keeps the id of a role that is named as principal, and a role made again has another",
    remedy="name the account, and the role by ArnEquals on aws:PrincipalArn",
)
def foreign_roles_are_conditions(template: Template) -> Iterator[Fault]:
    """A policy names a role of another stack by a condition."""
    for statement in statements(template):
        named = [name for kind, name in statement.principals if kind == "AWS" and ":role/" in name]
        if named:
            yield _fault(statement, f"{', '.join(named)} as principal")


RULES: Final = (
    actions_are_listed,
    resources_are_named,
    no_broad_managed_policy,
    principals_are_named,
    passed_roles_are_named,
    trust_names_account,
    nothing_is_negated,
    services_name_account,
    trust_names_principal,
    foreign_roles_are_conditions,
)
