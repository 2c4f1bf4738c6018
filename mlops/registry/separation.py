"""Whether whoever approves a version is somebody else than whoever started its training.

The execution records who started it (`started_by`, `started_by_id`); the registry records who
changed a version last, which is who decided. IAM compares neither: whoever may do both does both,
and only this comparison notices. Two people who act as the same session of one role are one
identity to AWS and are refused as one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

UNRECORDED: Final = "unrecorded"
"""What a version's metadata say of what nobody recorded."""
_REFUSED: Final = re.compile(r"[^\w .:/=+@-]")
_LONGEST: Final = 256
"""What the registry's metadata take; the execution records its starter in this form."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whoever called AWS."""

    name: str
    """ARN of the session, the user or the user's profile in Studio."""
    id: str | None = None
    """The unique id of IAM, `<id of the role>:<name of the session>` for a role."""

    def is_same_as(self, other: "Identity") -> bool:
        """Whether AWS could not tell them apart."""
        if self.id is not None and other.id is not None:
            return _stored(self.id) == _stored(other.id)
        return _stored(self.name) == _stored(other.name)


def starter_of(package: Mapping[str, Any]) -> Identity | None:
    """Who started the training of a version; None where its registration does not say."""
    metadata = package.get("CustomerMetadataProperties", {})
    name, id_ = (_recorded(metadata.get(key)) for key in ("started_by", "started_by_id"))
    if name is None and id_ is None:
        return None
    return Identity(name=name or str(id_), id=id_)


def decider_of(package: Mapping[str, Any]) -> Identity | None:
    """Who changed a version last; None where the registry does not say."""
    return identity_of(package.get("LastModifiedBy", {}))


def identity_of(user: Mapping[str, Any]) -> Identity | None:
    """The identity of a UserContext of SageMaker's API; None where it names none."""
    found = user.get("IamIdentity", {})
    name = user.get("UserProfileArn") or found.get("Arn")
    return Identity(name=name, id=found.get("PrincipalId")) if name else None


def objection(package: Mapping[str, Any]) -> str | None:
    """Why the approval of a version is not somebody else's; None where nothing speaks against it.

    A version without a recorded starter has none: what is unknown is told, and decides nothing.
    """
    starter, decider = starter_of(package), decider_of(package)
    if starter is None or decider is None or not starter.is_same_as(decider):
        return None
    return f"approved by {decider.name}, who started its training"


def _recorded(value: str | None) -> str | None:
    return None if value in (None, UNRECORDED) else value


def _stored(text: str) -> str:
    return _REFUSED.sub("_", text)[:_LONGEST]
