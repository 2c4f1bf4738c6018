"""Rules that join what a contract says about monitoring with its schema, metrics and endpoint."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document, KeyPath
from mlops.contract.metrics import METRICS
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.schedules import runs_daily
from mlops.contract.translation import problem_at


def _monitored_fields_exist(document: Document, model: ModelSpec) -> Iterator[Problem]:
    inputs = [field.name for field in model.schema_.input]
    outputs = [field.name for field in model.schema_.output]
    for key, name, known in _named_fields(model, inputs, outputs):
        if name not in known:
            yield problem_at(
                document,
                ("monitoring", *key),
                "the schema has no such field",
                got=name,
                allowed=", ".join(known),
                remedy="use one of these",
            )


def _named_fields(
    model: ModelSpec, inputs: list[str], outputs: list[str]
) -> Iterator[tuple[KeyPath, str, list[str]]]:
    monitoring = model.monitoring
    for index, name in enumerate(monitoring.ignored):
        yield ("ignored", index), name, [*inputs, *outputs]
    if monitoring.compare_within is not None:
        yield ("compare_within",), monitoring.compare_within, inputs
    if monitoring.labels is not None:
        for key in ("prediction", "probability", "low", "high"):
            name = getattr(monitoring.labels, key)
            if name is not None:
                yield ("labels", key), name, outputs


def _limits_name_known_metrics(document: Document, model: ModelSpec) -> Iterator[Problem]:
    known = METRICS[model.problem.type]
    for index, limit in enumerate(model.monitoring.limits):
        if limit.metric not in known:
            yield problem_at(
                document,
                ("monitoring", "limits", index, "metric"),
                f"a {model.problem.type} model has no such metric",
                got=limit.metric,
                allowed=", ".join(known),
                remedy="use one of these",
            )


def _a_missing_run_can_be_noticed(document: Document, model: ModelSpec) -> Iterator[Problem]:
    """The alarm on a missing run looks at two days; CloudWatch could look at seven."""
    schedule = model.monitoring.schedule
    if model.monitoring.engine != "none" and not runs_daily(schedule):
        yield problem_at(
            document,
            ("monitoring", "schedule"),
            "a run that is missing would not be noticed",
            got=schedule,
            allowed="a schedule that fires every day; window_days says how far a run looks back",
            remedy="use cron(<minute> <hour> ? * * *)",
        )


def _what_is_monitored_is_captured(document: Document, model: ModelSpec) -> Iterator[Problem]:
    if model.monitoring.engine != "none" and not model.endpoint.capture.enabled:
        yield problem_at(
            document,
            ("endpoint", "capture", "enabled"),
            "the drift job would have nothing to read",
            got=False,
            allowed="true, or monitoring.engine: none",
            remedy="capture requests, or set monitoring.engine: none",
        )


MONITORING_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _monitored_fields_exist,
    _limits_name_known_metrics,
    _a_missing_run_can_be_noticed,
    _what_is_monitored_is_captured,
)
