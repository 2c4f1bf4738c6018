"""Rules that join what a contract says about monitoring with its schema, metrics and endpoint."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document, KeyPath
from mlops.contract.metrics import METRICS
from mlops.contract.model_spec import ModelSpec
from mlops.contract.partial import readable
from mlops.contract.problems import Problem
from mlops.contract.schedules import runs_daily
from mlops.contract.translation import problem_at

_LABELS: Final = ("prediction", "probability", "low", "high")


def _monitored_fields_exist(document: Document, model: ModelSpec) -> Iterator[Problem]:
    inputs = [field.name for field in model.schema_.input]
    outputs = [field.name for field in model.schema_.output]
    sides = {"ignored": [*inputs, *outputs], "compare_within": inputs, "labels": outputs}
    for key, name in _named_fields(model):
        known = sides[str(key[0])]
        if name not in known:
            yield problem_at(
                document,
                ("monitoring", *key),
                "the schema has no such field",
                got=name,
                allowed=", ".join(known),
                remedy="use one of these",
            )


def _named_fields(model: ModelSpec) -> Iterator[tuple[KeyPath, str]]:
    yield from readable(_ignored_fields, model)
    for path in (("compare_within",), *(("labels", key) for key in _LABELS)):
        yield from readable(_named_field, model, path)


def _ignored_fields(model: ModelSpec) -> Iterator[tuple[KeyPath, str]]:
    for index, name in enumerate(model.monitoring.ignored):
        yield ("ignored", index), name


def _named_field(model: ModelSpec, path: tuple[str, ...]) -> Iterator[tuple[KeyPath, str]]:
    block: object = model.monitoring
    for name in path:
        block = None if block is None else getattr(block, name)
    if isinstance(block, str):
        yield path, block


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
            "a run that is missing would not be detected",
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
