"""What the checks of a stage expect, as literals: written at synthesis, read where they run.

A value that a deployment computes would prove itself; these come from the configuration.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from mlops.checks.literals import LiteralError, read
from mlops.rollout.probes import Case, Tolerance

CHECKS: Final = ("smoke", "integration", "load", "metrics")
"""Every check after a deployment, in the order in which they run."""
ONLY: Final = "CHECKS_ONLY"
"""Variable of a build of the runner that holds further arguments."""
SUMMARY: Final = "CHECKS_SUMMARY"
"""Variable that such a build exports: its last line."""
_SCHEMA: Final = 1


class PlanError(ValueError):
    """A plan that cannot be read; the text names the file, the value and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Guardrails:
    """How SageMaker moves traffic to a new config, and which alarms take it back."""

    strategy: str
    """canary, linear, all-at-once or rolling."""
    size_percent: int | None
    """Share that moves at once; None where all of it does."""
    wait_seconds: int
    """Bake after each part."""
    final_wait_seconds: int | None
    """Bake before the old fleet goes; a rolling update has none."""
    timeout_seconds: int
    alarms: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The machines behind an endpoint."""

    variant: str
    instance_type: str
    min_instances: int
    max_instances: int
    scaled: bool
    """Whether the number of machines follows the traffic."""


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Where requests and answers are kept."""

    bucket: str
    prefix: str
    sampling_percent: int


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What the contract promises of latency and errors, and how hard the load check asks."""

    requests_per_minute: float
    """Expected on a usual day."""
    factor: float
    """How many times that is sent."""
    minutes: float
    """Judged; the warm-up comes before."""
    warm_up_seconds: float
    latency_p99_ms: float
    """Objective for the model's own time."""
    allowance_ms: float
    """For the network and SageMaker, which a caller waits for as well."""
    error_ratio: float


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The contract's examples, and how far an answer may move between two versions."""

    cases: tuple[Case, ...]
    tolerance: Tolerance
    fields: tuple[str, ...]
    """What every answer names."""


@dataclass(frozen=True, kw_only=True)
class PlannedRelease:
    """One release that a stage is asked to serve."""

    model: str
    version: int
    endpoint: str
    release: str
    """Hash over everything that makes it this release."""
    package: str
    """ARN of the version in the registry."""
    content: str
    """Hash of the archive that was released, or that none was recorded."""
    image: str
    """Digest of the image that was released, or that none was recorded."""
    key: str
    """Alias of the key that encrypts disks and captures."""
    encrypted_disks: bool
    """False where the machine's own hardware does it and SageMaker takes no key."""
    parameter: str
    """Parameter by which applications find the endpoint."""
    caller_role: str
    """ARN of a role that may do what an application may."""
    guardrails: Guardrails
    fleet: Fleet
    capture: Capture | None
    traffic: Traffic
    examples: Examples


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The checks of one stage."""

    stage: str
    account: str
    region: str
    checks: tuple[str, ...]
    releases: tuple[PlannedRelease, ...]

    def to_json(self) -> str:
        """Equal plans, equal text."""
        return json.dumps({"schema": _SCHEMA, **asdict(self)}, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """The plan that was written.

        Raises:
            PlanError: the text is not a plan; the message names what is wrong.
        """
        try:
            found = json.loads(text)
        except ValueError as error:
            raise PlanError(f"plan: not JSON: {error}") from error
        schema = found.pop("schema", None) if isinstance(found, dict) else _SCHEMA
        if schema != _SCHEMA:
            raise PlanError(f"plan.schema: got {schema!r:.80}; allowed: {_SCHEMA}")
        try:
            plan = read(cls, found, at="plan")
        except LiteralError as error:
            raise PlanError(str(error)) from error
        unknown = [check for check in plan.checks if check not in CHECKS]
        if unknown:
            raise PlanError(f"plan.checks: got {unknown[0]!r}; allowed: {', '.join(CHECKS)}")
        return plan


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        PlanError: it cannot be read, or is not a plan.
    """
    try:
        return Plan.from_json(path.read_text("utf-8"))
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise PlanError(f"{path}: {error}") from error
