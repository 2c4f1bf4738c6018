"""Roles of other accounts in resource policies: their account is named, and a condition names them.

AWS replaces a role that a policy names as principal by the role's id. A bootstrap stack that is
deleted and made again has roles of the same names and of other ids, so a key or a bucket whose
policy names them refuses them from then on, and refuses every policy that names a role before it
exists. A condition on `aws:PrincipalArn` compares names.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops.contract import Names
from mlops_constructs.organization import for_members
from mlops_constructs.validation.template import items, text

_ROLE: Final = re.compile(r"arn:(aws|\$\{AWS::Partition\}):iam::(?P<account>\d{12}):role/.+")

Statement = dict[str, Any]


def name_by_condition(resource: kms.CfnKey | s3.CfnBucketPolicy, names: Names) -> None:
    """Rewrite the policy of a key or a bucket, once nobody adds to it any more."""
    if isinstance(resource, kms.CfnKey):
        resource.key_policy = _document(resource, resource.key_policy, names)
    elif isinstance(resource, s3.CfnBucketPolicy):
        resource.policy_document = _document(resource, resource.policy_document, names)


def _document(resource: CfnResource, written: Any, names: Names) -> dict[str, Any]:
    document: dict[str, Any] = Stack.of(resource).resolve(written)
    rewritten = [one for each in document["Statement"] for one in _rewritten(each, names)]
    return {**document, "Statement": rewritten}


def _rewritten(statement: Statement, names: Names) -> Iterator[Statement]:
    principals = statement.get("Principal", {})
    named = items(principals.get("AWS")) if isinstance(principals, Mapping) else []
    roles = [one for one in named if _ROLE.fullmatch(text(one))]
    others = [one for one in named if one not in roles]
    if not roles:
        yield statement
        return
    if others:
        yield statement | {"Principal": {**principals, "AWS": others}}
    yield _conditioned(statement, [_literal(role) for role in roles], names)


def _conditioned(statement: Statement, roles: Iterable[str], names: Names) -> Statement:
    named = sorted(roles)
    accounts = dict.fromkeys(f"arn:aws:iam::{role.split(':')[4]}:root" for role in named)
    condition = for_members(names, statement.get("Condition"))
    condition["ArnEquals"] = {**condition.get("ArnEquals", {}), "aws:PrincipalArn": named}
    return statement | {"Principal": {"AWS": list(accounts)}, "Condition": condition}


def _literal(role: Any) -> str:
    return text(role).replace("${AWS::Partition}", "aws")
