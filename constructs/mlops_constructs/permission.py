"""A permission that says why: a wildcard in its resources carries the reason for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Actions on resources, under conditions."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    because: str | None = None
    """Why a resource of this permission has to be a pattern."""

    @property
    def statement(self) -> dict[str, object]:
        """This permission as IAM writes it."""
        stated = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return stated | ({"Condition": dict(self.conditions)} if self.conditions else {})

    @property
    def patterns(self) -> list[str]:
        """The resources that stand for more than one thing."""
        return [resource for resource in self.resources if "*" in resource]


def acknowledge_patterns(scope: IConstruct, permissions: Iterable[Permission]) -> None:
    """Acknowledge exactly the wildcards that have a reason; another one stays a finding."""
    reasons = {
        pattern: permission.because
        for permission in permissions
        for pattern in permission.patterns
        if permission.because
    }
    validations = Validations.of(scope)
    for pattern, reason in sorted(reasons.items()):
        finding = f"AwsSolutions::AwsSolutions-IAM5[Resource::{pattern}]"
        validations.acknowledge(Acknowledgment(id=finding, reason=reason))
