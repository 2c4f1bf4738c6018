"""What a plan assumes instead of what the contract says: option `--settings`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from mlops.contract.document import Document, read_document
from mlops.contract.endpoint_spec import AlarmPeriod
from mlops.contract.problems import ContractError, Problem
from mlops.contract.translation import checked
from mlops.contract.vocabulary import Ratio, Spec
from mlops.rollout import (
    MOST_PROBES_PER_MINUTE,
    Expectation,
    Setting,
    Strategy,
    Target,
    violations,
)

_COMMAND_LINE: Final = "--set"


class PlanSettings(Spec):
    """Everything that a plan's figures depend on; each key replaces one of the contract's."""

    strategy: Annotated[Strategy | None, Field(description="How traffic moves")] = None
    size_percent: Annotated[int | None, Field(ge=1, le=100, description="Share of a step")] = None
    bake_minutes: Annotated[int | None, Field(ge=1, le=60, description="Wait after a step")] = None
    final_bake_minutes: Annotated[
        int | None, Field(ge=1, le=60, description="Wait before the old fleet goes")
    ] = None
    instances: Annotated[int | None, Field(ge=1, le=1000, description="Size of a fleet")] = None
    period_seconds: Annotated[
        AlarmPeriod | None, Field(description="Length of an alarm's data points")
    ] = None
    evaluation_periods: Annotated[
        int | None, Field(ge=1, le=10, description="Data points that an alarm looks at")
    ] = None
    datapoints_to_alarm: Annotated[
        int | None, Field(ge=1, le=10, description="Bad ones among them that roll back")
    ] = None
    settle_periods: Annotated[
        int | None,
        Field(ge=1, le=10, description="Periods until a verdict: cut, publication, evaluation"),
    ] = None
    error_ratio: Annotated[Ratio | None, Field(description="5xx per request that roll back")] = None
    model_error_ratio: Annotated[
        Ratio | None, Field(description="Failures per request that roll back")
    ] = None
    latency_alarm_ms: Annotated[
        float | None, Field(gt=0, le=60_000, description="p99 above which is rolled back")
    ] = None
    requests_per_minute: Annotated[
        float | None, Field(ge=0, le=10_000_000, description="What callers send")
    ] = None
    rate_variation: Annotated[
        float | None,
        Field(ge=0, le=1.5, description="Deviation of that rate by the minute, part of the mean"),
    ] = None
    probes_per_minute: Annotated[
        int | None, Field(ge=0, le=MOST_PROBES_PER_MINUTE, description="What the prober sends")
    ] = None
    minimum_invocations: Annotated[
        int | None, Field(ge=1, description="What the probes suffice for, if they are not given")
    ] = None
    error_percent: Annotated[
        float | None, Field(ge=0, lt=100, description="Errors of the version in service")
    ] = None
    errors_together: Annotated[
        int | None, Field(ge=1, le=100, description="Errors that come at once")
    ] = None
    latency_p99_ms: Annotated[
        float | None, Field(gt=0, le=60_000, description="p99 of the version in service")
    ] = None
    tail_ratio: Annotated[
        float | None, Field(gt=1, le=100, description="That p99 over the median")
    ] = None
    added_error_points: Annotated[
        float | None, Field(gt=0, le=100, description="Errors that the regression adds")
    ] = None
    wrong_answer_points: Annotated[
        float | None, Field(gt=0, le=100, description="Probes that the regression answers wrong")
    ] = None
    latency_factor: Annotated[
        float | None, Field(ge=1, le=100, description="How much slower the regression is")
    ] = None
    target_percent: Annotated[
        float | None, Field(gt=0, lt=100, description="How surely it must be caught")
    ] = None
    false_rollback_percent: Annotated[
        float | None, Field(gt=0, lt=100, description="Good versions rolled back, at most")
    ] = None

    def setting(self, contracts: Setting) -> Setting:
        """The contract's canary with these keys."""
        return replace(
            contracts,
            policy=replace(contracts.policy, **self._given(*_POLICY)),
            window=replace(contracts.window, **self._given(*_WINDOW)),
            **self._given("error_ratio", "model_error_ratio", "minimum_invocations"),
            **self._given(latency_p99_ms="latency_alarm_ms", probes="probes_per_minute"),
        )

    def expectation(self, contracts: Expectation) -> Expectation:
        """The contract's traffic and its good version with these keys."""
        return replace(
            contracts,
            arrivals=replace(
                contracts.arrivals, **self._given("rate_variation", "errors_together")
            ),
            **self._given(
                "requests_per_minute", "instances", "latency_p99_ms", "tail_ratio",
                "settle_periods",
            ),
            **_hundredths(self._given(error_ratio="error_percent")),
        )  # fmt: skip

    def target(self, contracts: Target) -> Target:
        """What must be caught, and how rarely a good version may be rolled back."""
        shares = self._given(
            detection="target_percent",
            false_rollback="false_rollback_percent",
            added_error_ratio="added_error_points",
            wrong_answer_ratio="wrong_answer_points",
        )
        return replace(contracts, **_hundredths(shares), **self._given("latency_factor"))

    def _given(self, *names: str, **renamed: str) -> dict[str, Any]:
        """Values that are given, by the names that the room `rollout` has for them."""
        wanted = {**{name: name for name in names}, **renamed}
        values = {name: getattr(self, key) for name, key in wanted.items()}
        return {name: value for name, value in values.items() if value is not None}


_POLICY: Final = ("strategy", "size_percent", "bake_minutes", "final_bake_minutes")
_WINDOW: Final = ("period_seconds", "evaluation_periods", "datapoints_to_alarm")


def _hundredths(percent: Mapping[str, float]) -> dict[str, Any]:
    return {name: value / 100 for name, value in percent.items()}


def plan_settings(path: Path | None, assignments: Sequence[str]) -> PlanSettings:
    """The settings of a file, and those of the command line over them.

    Raises:
        ContractError: with every key that is unknown or has a value that is not allowed.
    """
    document = _document(path)
    if assignments:
        given = dict(map(_assignment, assignments))
        data = document.data if isinstance(document.data, dict) else {}
        document = replace(document, data={**data, **given})
    try:
        return checked(document, PlanSettings)
    except ContractError as error:
        if path is not None:
            raise
        # The command line has no lines.
        problems = (replace(found, line=None) for found in error.problems)
        raise ContractError(tuple(problems)) from error


def _document(path: Path | None) -> Document:
    if path is None:
        return Document(file=_COMMAND_LINE, data={}, lines={})
    whole = path.resolve()
    return replace(read_document(whole, root=whole.parent), file=str(path))


def _assignment(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals:
        missing = Problem(
            file=_COMMAND_LINE, line=None, key=key, problem="has no value", got=text,
            allowed="key=value", remedy=f"write {_COMMAND_LINE} {key}=<value>",
        )  # fmt: skip
        raise ContractError((missing,))
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def refusals(setting: Setting) -> tuple[Problem, ...]:
    """What SageMaker would refuse of a policy, or what would protect nobody."""
    return tuple(
        Problem(
            file="settings of the plan", line=None, key=found.key.rpartition(".")[2],
            problem=found.problem, got=str(found.got), allowed=found.allowed, remedy=found.remedy,
        )
        for found in violations(setting.policy, setting.window)
    )  # fmt: skip


def effective(setting: Setting, expectation: Expectation, target: Target) -> PlanSettings:
    """Everything that a plan assumed, in a form that `--settings` takes again."""
    policy, window, arrivals = setting.policy, setting.window, expectation.arrivals
    return PlanSettings(
        **{name: getattr(policy, name) for name in _POLICY},
        **{name: getattr(window, name) for name in _WINDOW},
        instances=expectation.instances,
        settle_periods=expectation.settle_periods,
        error_ratio=setting.error_ratio,
        model_error_ratio=setting.model_error_ratio,
        latency_alarm_ms=setting.latency_p99_ms,
        requests_per_minute=expectation.requests_per_minute,
        rate_variation=arrivals.rate_variation,
        probes_per_minute=setting.probes,
        minimum_invocations=setting.minimum_invocations,
        error_percent=_percent(expectation.error_ratio),
        errors_together=arrivals.errors_together,
        latency_p99_ms=expectation.latency_p99_ms,
        tail_ratio=expectation.tail_ratio,
        added_error_points=_percent(target.added_error_ratio),
        wrong_answer_points=_percent(target.wrong_answer_ratio),
        latency_factor=target.latency_factor,
        target_percent=_percent(target.detection),
        false_rollback_percent=_percent(target.false_rollback),
    )


def _percent(ratio: float) -> float:
    return round(100 * ratio, 9)
