"""Policy statements of a template, wherever a resource type hides them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from mlops_constructs.validation.template import Properties, Template, items, resources, text

Kind = Literal["identity", "resource", "trust"]

_PROPERTY: Final[Mapping[str, tuple[Kind, str]]] = {
    "AWS::IAM::Policy": ("identity", "PolicyDocument"),
    "AWS::IAM::ManagedPolicy": ("identity", "PolicyDocument"),
    "AWS::IAM::RolePolicy": ("identity", "PolicyDocument"),
    "AWS::S3::BucketPolicy": ("resource", "PolicyDocument"),
    "AWS::SNS::TopicPolicy": ("resource", "PolicyDocument"),
    "AWS::SQS::QueuePolicy": ("resource", "PolicyDocument"),
    "AWS::KMS::Key": ("resource", "KeyPolicy"),
    "AWS::ECR::Repository": ("resource", "RepositoryPolicyText"),
    "AWS::SageMaker::ModelPackageGroup": ("resource", "ModelPackageGroupPolicy"),
    "AWS::SecretsManager::ResourcePolicy": ("resource", "ResourcePolicy"),
    "AWS::IAM::Role": ("trust", "AssumeRolePolicyDocument"),
}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement, and where in the template it stands."""

    logical_id: str
    resource_type: str
    where: str
    kind: Kind
    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it gives rather than takes."""
        return bool(self.body.get("Effect") == "Allow")

    @property
    def actions(self) -> list[str]:
        """What may be done."""
        return [text(action) for action in items(self.body.get("Action"))]

    @property
    def resources(self) -> list[str]:
        """To what."""
        return [text(resource) for resource in items(self.body.get("Resource"))]

    @property
    def principals(self) -> list[tuple[str, str]]:
        """By whom, as pairs such as `("Service", "lambda.amazonaws.com")`."""
        principal = self.body.get("Principal", {})
        if not isinstance(principal, Mapping):
            return [("AWS", text(principal))]
        return [(kind, text(one)) for kind, value in principal.items() for one in items(value)]

    @property
    def conditions(self) -> dict[str, str]:
        """Value of each condition key, the key in lower case since IAM ignores its case."""
        return {
            key.lower(): ",".join(map(text, items(value)))
            for operator in self.body.get("Condition", {}).values()
            for key, value in operator.items()
        }


def statements(template: Template) -> Iterator[Statement]:
    """Every statement of every policy in the template."""
    for kind, (role, key) in _PROPERTY.items():
        for logical_id, properties in resources(template, kind):
            document = properties.get(key)
            yield from _of_document(document, role, logical_id, kind, f"Properties.{key}")
    for logical_id, principal in resources(template, "AWS::IAM::Role", "AWS::IAM::User"):
        yield from _inline(template, logical_id, principal)
    for logical_id, policy in resources(template, "AWS::Events::EventBusPolicy"):
        document = {"Statement": policy.get("Statement")}
        kind = "AWS::Events::EventBusPolicy"
        yield from _of_document(document, "resource", logical_id, kind, "Properties.Statement")


def _inline(template: Template, logical_id: str, principal: Properties) -> Iterator[Statement]:
    kind = template["Resources"][logical_id]["Type"]
    for index, policy in enumerate(principal.get("Policies", [])):
        where = f"Properties.Policies.{index}.PolicyDocument"
        document = policy.get("PolicyDocument")
        yield from _of_document(document, "identity", logical_id, kind, where)


def _of_document(
    document: Any, kind: Kind, logical_id: str, resource_type: str, where: str
) -> Iterator[Statement]:
    if not isinstance(document, Mapping):
        return
    for body in items(document.get("Statement")):
        yield Statement(
            logical_id=logical_id,
            resource_type=resource_type,
            where=where,
            kind=kind,
            body=body,
        )


def allowing(template: Template, *kinds: Kind) -> Iterator[Statement]:
    """The statements of these kinds that give something."""
    for statement in statements(template):
        if statement.allows and statement.kind in kinds:
            yield statement
