"""What reading commands print with `--json`, for programs; the schemas are in docs/schema.

A form never loses a key within a version of the platform; new ones may be added.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, Literal

import click
from pydantic import BaseModel, ConfigDict

from mlops.contract import Platform, Problem

JSON_OPTION: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
)


class Output(BaseModel):
    """A JSON document, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def echo(self) -> None:
        """Print it on standard output."""
        click.echo(self.model_dump_json(indent=1))


class ProblemOutput(Output):
    """A mistake in a file, or a warning."""

    level: Literal["error", "warning"]
    file: str
    line: int | None
    key: str
    problem: str
    got: str | None
    allowed: str | None
    remedy: str

    @classmethod
    def of(cls, problem: Problem) -> "ProblemOutput":
        """A problem as it was found."""
        return cls(**{name: getattr(problem, name) for name in cls.model_fields})


class ValidationOutput(Output):
    """`mlops validate`."""

    valid: bool
    models: list[str]
    stages: list[str]
    problems: list[ProblemOutput]

    @classmethod
    def of(cls, platform: Platform | None, problems: Iterable[Problem]) -> "ValidationOutput":
        """The verdict; without a platform the files are refused."""
        return cls(
            valid=platform is not None,
            models=[model.name for model in platform.models] if platform else [],
            stages=[stage.name for stage in platform.stages.stages] if platform else [],
            problems=[ProblemOutput.of(problem) for problem in problems],
        )


class VersionOutput(Output):
    """A registered version."""

    version: int
    arn: str
    status: str
    created: datetime


class VersionsOutput(Output):
    """`mlops registry list`."""

    group: str
    versions: list[VersionOutput]


class MetricOutput(Output):
    """A held-out metric with its interval."""

    name: str
    value: float
    low: float | None
    high: float | None


class LineageOutput(Output):
    """`mlops registry show`."""

    group: str
    version: VersionOutput
    commit: str
    source_hash: str
    data_version: str
    data_uri: str
    execution: str
    answers_uri: str
    model_data_url: str
    image: str
    metrics_uri: str
    metrics: list[MetricOutput]
    metadata: dict[str, str]
    reason: str | None
    decided: datetime | None


class StageOutput(Output):
    """One model in one stage."""

    stage: str
    pinned: int | None
    live: int | None
    endpoint_status: str | None
    release: str | None
    unknown: str | None
    approved: int | None
    newest: int | None
    held: list[str]
    differences: list[str]


class ModelStatusOutput(Output):
    """One model in all stages."""

    model: str
    stages: list[StageOutput]


class StatusOutput(Output):
    """`mlops release status`."""

    models: list[ModelStatusOutput]


class ChangeOutput(Output):
    """A commit that moved a pin."""

    commit: str
    when: datetime
    who: str
    message: str
    stage: str
    before: int | None
    version: int | None
    by_automation: bool


class HistoryOutput(Output):
    """`mlops release history`."""

    model: str
    changes: list[ChangeOutput]


class DecisionOutput(Output):
    """What the release automation makes of a model in a stage."""

    model: str
    stage: str
    promotion: str
    pinned: int | None
    moves_to: int | None
    moves: bool
    why: list[str]


class AutomationOutput(Output):
    """`mlops release automate`."""

    decisions: list[DecisionOutput]
    diff: str
    notes: list[str]
    done: list[str]
    problems: list[str]


class ForecastOutput(Output):
    """A canary's setting, and what it would catch."""

    size_percent: int
    bake_minutes: int
    error_ratio: float
    wait_minutes: int
    errors_caught: float
    latency_caught: float
    wrong_answers_caught: float | None
    """None: nothing probes."""
    false_rollback: float
    expected_seconds: float | None
    expected_harmed: float | None
    reaches_target: bool


class CanaryPlanOutput(Output):
    """`mlops canary plan`."""

    model: str
    stage: str
    target_detection: float
    configured: ForecastOutput
    neighbours: list[ForecastOutput]
    cheapest: ForecastOutput | None
    patch: dict[str, Any]
    sufficient_requests_per_minute: float | None
    probes_per_minute: int
    assumed: dict[str, Any]
    """All that the figures depend on, as `--settings` takes it."""


class DefinitionFindingOutput(Output):
    """Something in a definition that the service would refuse."""

    at: str
    problem: str


class DefinitionOutput(Output):
    """`mlops pipeline check`."""

    model: str
    steps: int
    findings: list[DefinitionFindingOutput]


class ResultOutput(Output):
    """A question of a check, and its answer."""

    check: str
    subject: str
    name: str
    status: Literal["passed", "failed", "skipped", "invalid"]
    detail: str
    seconds: float


class BuildOutput(Output):
    """A run of the stage's own runner, whose report is in the stage."""

    project: str
    status: str
    reason: str


class ChecksOutput(Output):
    """`mlops check before` and `mlops check after`."""

    title: str
    passed: bool
    results: list[ResultOutput]
    build: BuildOutput | None = None
    note: str | None = None
    """Why nothing was asked."""


OUTPUTS: Final[dict[str, type[Output]]] = {
    "canary plan": CanaryPlanOutput,
    "check after": ChecksOutput,
    "check before": ChecksOutput,
    "pipeline check": DefinitionOutput,
    "registry list": VersionsOutput,
    "registry show": LineageOutput,
    "release automate": AutomationOutput,
    "release history": HistoryOutput,
    "release status": StatusOutput,
    "validate": ValidationOutput,
}
"""The form of each command's output, by the command's words."""


def output_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each command's output, by its file's name."""
    return {
        f"output/{command.replace(' ', '-')}.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **form.model_json_schema(mode="serialization"),
            "title": f"mlops {command} --json",
        }
        for command, form in OUTPUTS.items()
    }


def finite(value: float) -> float | None:
    """A number that JSON knows; None for what is without end."""
    return value if isfinite(value) else None


def utc(value: datetime) -> datetime:
    """A moment in UTC, whatever zone it was read in."""
    return value.astimezone(UTC)
