"""The permissions that `aws_cdk.pipelines` hands to its builds, cut to what these builds do.

The library grants by pattern, so that it fits every pipeline. Ours keeps no reports, writes logs to
one group, and deploys with bootstrap roles that are known by name.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite

Statement = dict[str, Any]

_EXACT: Final = {
    "s3:Abort*": ("s3:AbortMultipartUpload",),
    "s3:DeleteObject*": (),
    "s3:GetBucket*": ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
    "s3:GetObject*": ("s3:GetObject", "s3:GetObjectVersion"),
    "s3:List*": ("s3:ListBucket",),
    "s3:PutObjectLegalHold": (),
    "s3:PutObjectRetention": (),
    "kms:GenerateDataKey*": ("kms:GenerateDataKey",),
    "kms:ReEncrypt*": (),
}
_BOOTSTRAP_ROLES: Final = ("deploy", "file-publishing", "lookup")
_BECAUSE: Final = {
    "/*": "artifacts of this pipeline have generated keys; the bucket holds nothing else",
    "*": "logging in to ECR is a call on no resource",
}


def tighten(pipeline: Construct, *, site: DeliverySite, artifacts: str) -> None:
    """Replace every policy that the library wrote below a construct.

    Only what stays a pattern is acknowledged, each with its reason.
    """
    stack = Stack.of(pipeline)
    bucket = stack.resolve(artifacts)["Fn::GetAtt"][0]
    reasons = {f"<{bucket}.Arn>/*": _BECAUSE["/*"], "*": _BECAUSE["*"]}
    for policy in pipeline.node.find_all():
        if isinstance(policy, iam.CfnPolicy):
            written = stack.resolve(policy.policy_document)["Statement"]
            kept = list(_tightened(written, site))
            policy.policy_document = {"Version": "2012-10-17", "Statement": kept}
            _acknowledge(policy, kept, reasons)


def _tightened(statements: Iterable[Statement], site: DeliverySite) -> Iterator[Statement]:
    for statement in statements:
        actions = [exact for action in _items(statement["Action"]) for exact in _exactly(action)]
        if not _is_for_other_pipelines(statement, actions):
            yield _of_known_roles(statement, site) | {"Action": actions}


def _exactly(action: str) -> tuple[str, ...]:
    return _EXACT.get(action, (action,))


def _is_for_other_pipelines(statement: Statement, actions: list[str]) -> bool:
    """Reports, the library's log groups, builds of anybody, and stacks of the old bootstrap."""
    if any(action.endswith(("CreateReport", "DescribeStacks")) for action in actions):
        return True
    if any(action.startswith("logs:") for action in actions):
        return "/aws/codebuild/" in json.dumps(statement["Resource"])
    return "codebuild:StartBuild" in actions and statement["Resource"] == "*"


def _of_known_roles(statement: Statement, site: DeliverySite) -> Statement:
    """Any role with a bootstrap tag becomes the bootstrap roles of the delivery account."""
    if "bootstrap-role" not in json.dumps(statement.get("Condition", {})):
        return dict(statement)
    place = f"{site.delivery.account}-{site.delivery.region}"
    roles = [
        f"arn:aws:iam::{site.delivery.account}:role/cdk-hnb659fds-{role}-role-{place}"
        for role in _BOOTSTRAP_ROLES
    ]
    return {"Effect": "Allow", "Resource": roles}


def _acknowledge(
    policy: iam.CfnPolicy, statements: list[Statement], reasons: dict[str, str]
) -> None:
    text = json.dumps(statements)
    everything = any(statement["Resource"] == "*" for statement in statements)
    found = {"*": everything}
    for pattern, reason in reasons.items():
        if found.get(pattern, '"/*"' in text):
            finding = f"AwsSolutions::AwsSolutions-IAM5[Resource::{pattern}]"
            Validations.of(policy).acknowledge(Acknowledgment(id=finding, reason=reason))


def _items(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
