"""What is about to be deployed to a stage, and what each version changes there."""

from dataclasses import dataclass
from enum import StrEnum

from mlops.checks.clients import Clients
from mlops.checks.execution_role import ExecutionRole
from mlops.checks.live import Live


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Where the stage before says how its last release of a model went."""

    parameter: str
    stage: str
    endpoint: str
    """Of the stage before."""
    alarms: str
    """First part of the names of that endpoint's rollback alarms."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A version that a stage is about to run."""

    model: str
    version: int
    package: str
    """ARN of the version in the registry."""
    endpoint: str
    instance_type: str
    min_instances: int
    alarms: str
    """First part of the names of its rollback alarms."""
    proof: Proof | None
    """The release record of the stage before; None in the first stage."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that the stage's pipelines run."""

    repository: str
    tag: str


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Everything that is about to be deployed to a stage, and where it is looked up."""

    stage: str
    candidates: tuple[Candidate, ...]
    images: tuple[Image, ...]
    execution: ExecutionRole
    here: Clients
    """Reads in the stage's account."""
    before: Clients | None
    """Reads in the account of the stage before; None in the first stage."""
    registry: Clients
    """Reads the versions, in the training stage's account."""
    repositories: Clients
    """Reads the images, in the delivery account."""


class Move(StrEnum):
    """What a deployment does to a model in a stage."""

    FIRST = "first"
    """Nothing of it is deployed there."""
    FORWARD = "forward"
    NONE = "none"
    """That version runs there already."""
    BACK = "back"
    """The way back to an older version, which nothing here may block."""


def move_of(candidate: Candidate, live: Live | None) -> Move:
    """The move from what runs to what is pinned; a model from elsewhere counts as older."""
    if live is None:
        return Move.FIRST
    if live.package == candidate.package:
        return Move.NONE
    return Move.BACK if (live.version or 0) > candidate.version else Move.FORWARD
