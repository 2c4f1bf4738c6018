"""Reads from one template what IAM would store: statements, who has them, what they guard."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops.rehearsal.local_aws.intrinsics import Intrinsics
from mlops_constructs.validation.policies import Kind, statements
from mlops_constructs.validation.template import items

Body = Mapping[str, Any]

# The property of a policy's resource that names its holders: roles, or the things that it guards.
_HOLDERS: Final = {
    "AWS::Events::EventBusPolicy": "EventBusName",
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}


def constructs(assembly: Path) -> dict[str, dict[str, str]]:
    """By the name of a stack and a logical id in it: the path of the construct."""
    found: dict[str, dict[str, str]] = {}
    for manifest in sorted(assembly.rglob("manifest.json")):
        for artifact in json.loads(manifest.read_text()).get("artifacts", {}).values():
            if artifact["type"] == "aws:cloudformation:stack":
                metadata = json.loads(
                    (manifest.parent / artifact["additionalMetadataFile"]).read_text()
                )
                found[artifact["properties"]["stackName"]] = {
                    entry["data"]: path.removeprefix("/").removesuffix("/Resource")
                    for path, entries in metadata.items()
                    for entry in entries
                    if entry["type"] == "aws:cdk:logicalId"
                }
    return found


@dataclass(frozen=True, kw_only=True)
class Held:
    """One statement in the hands of a role, of a managed policy, or of what it guards."""

    holder: str
    kind: Kind
    body: Body


@dataclass(frozen=True, kw_only=True)
class Located:
    """One template in its environment."""

    template: Mapping[str, Any]
    values: Intrinsics
    constructs: Mapping[str, str]
    """Path of the construct behind a logical id."""

    def paths(self) -> Iterator[tuple[str, str]]:
        """Path of every construct and the ARN of its resource."""
        for logical_id in self.template["Resources"]:
            yield self.constructs[logical_id], self.values.arn(logical_id)

    def held(self) -> Iterator[Held]:
        """Every statement of every policy."""
        for statement in statements(self.template):
            body = self.values.value(dict(statement.body))
            for holder in self._holders(statement.logical_id):
                yield Held(holder=holder, kind=statement.kind, body=body)
        for logical_id, properties in self._of_type("AWS::Lambda::Permission"):
            holder = self._arn(properties["FunctionName"])
            yield Held(holder=holder, kind="resource", body=self._call(holder, logical_id))

    def attached(self) -> Iterator[tuple[str, str]]:
        """ARN of a role and of a managed policy that it has."""
        for logical_id, properties in self._of_type("AWS::IAM::Role"):
            for policy in items(self.values.value(properties.get("ManagedPolicyArns"))):
                yield self.values.arn(logical_id), policy
        for logical_id, properties in self._of_type("AWS::IAM::ManagedPolicy"):
            for role in items(properties.get("Roles")):
                yield self._arn(role), self.values.arn(logical_id)

    def boundaries(self) -> Iterator[tuple[str, str]]:
        """ARN of a role and of the policy that bounds it."""
        for logical_id, properties in self._of_type("AWS::IAM::Role"):
            if "PermissionsBoundary" in properties:
                boundary = self.values.text(properties["PermissionsBoundary"])
                yield self.values.arn(logical_id), boundary

    def aliases(self) -> Iterator[tuple[str, str]]:
        """ARN of a key and a name of it."""
        for _, properties in self._of_type("AWS::KMS::Alias"):
            alias = self.values.text(properties["AliasName"])
            yield self._arn(properties["TargetKeyId"]), alias

    def roles(self) -> Iterator[str]:
        """ARNs of the roles that the template makes."""
        for logical_id, _ in self._of_type("AWS::IAM::Role"):
            yield self.values.arn(logical_id)

    def _of_type(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in self.template["Resources"].items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})

    def _holders(self, logical_id: str) -> list[str]:
        resource = self.template["Resources"][logical_id]
        if resource["Type"] not in _HOLDERS:
            return [self.values.arn(logical_id)]
        named = items(resource["Properties"].get(_HOLDERS[resource["Type"]]))
        return [self._arn(holder) for holder in named]

    def _arn(self, reference: Any) -> str:
        """ARN of what a template refers to by its name or by its ARN."""
        if isinstance(reference, Mapping) and reference.get("Ref") in self.template["Resources"]:
            return self.values.arn(reference["Ref"])
        arn = self.values.text(reference)
        if not arn.startswith("arn:"):
            place = self.values.place.stack
            raise ValueError(f"{place}: {reference} is neither a reference nor an ARN")
        return arn

    def _call(self, function: str, logical_id: str) -> Body:
        properties = self.values.value(self.template["Resources"][logical_id]["Properties"])
        principal = properties["Principal"]
        kind = "Service" if principal.endswith(".amazonaws.com") else "AWS"
        limits = {
            "ArnLike": {"aws:SourceArn": properties.get("SourceArn")},
            "StringEquals": {"aws:SourceAccount": properties.get("SourceAccount")},
        }
        given = {operator: key for operator, key in limits.items() if all(key.values())}
        return {
            "Effect": "Allow",
            "Principal": {kind: principal},
            "Action": properties["Action"],
            "Resource": function,
        } | ({"Condition": given} if given else {})
