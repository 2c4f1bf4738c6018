"""The rules of guarded deployments that a template can break, in words for who edited it.

SageMaker and the template validators take most of these templates; no alarm could then protect
anybody.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from mlops.rehearsal.canary.endpoint import GuardedEndpoint, RollbackAlarm
from mlops.rehearsal.errors import RehearsalError
from mlops.rollout import AlarmWindow, MissingData, Violation, violations
from mlops.rollout.published import blindness, computed_blindness, published

Properties = Mapping[str, Any]


class BrokenRuleError(RehearsalError):
    """A template that SageMaker may take and that protects nothing; each broken rule is a line."""


def broken_deployment(
    variants: list[Properties], deployment: Properties, endpoint: Properties
) -> Iterator[str]:
    """Rules on how traffic moves at all; broken, the rest cannot even be read."""
    policies = [key for key in deployment if key.endswith("UpdatePolicy")]
    if len(variants) != 1:
        yield f"has {len(variants)} variants; a guarded endpoint has exactly one"
    if len(policies) != 1:
        yield f"has {len(policies)} update policies; write exactly one, or nothing is guarded"
    rollback = endpoint.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
    if not 1 <= len(rollback.get("Alarms", [])) <= 10:  # noqa: PLR2004  # the service's limit
        yield f"names {len(rollback.get('Alarms', []))} rollback alarms; use 1 to 10"


def broken_guard(endpoint: GuardedEndpoint) -> Iterator[str]:
    """Every rule of `mlops.rollout` that policy and alarms break together, each said once."""
    found: dict[tuple[str, str], Violation] = {}
    for alarm in endpoint.alarms:
        window = AlarmWindow(
            period_seconds=alarm.rule.period_seconds,
            evaluation_periods=alarm.rule.evaluation_periods,
            datapoints_to_alarm=alarm.rule.datapoints_to_alarm,
        )
        for violation in violations(endpoint.policy, window):
            found.setdefault((violation.key, violation.problem), violation)
        for rule in _ALARM_RULES:
            yield from rule(alarm)
    for violation in found.values():
        yield (
            f"{violation.key}: {violation.problem} (got {violation.got}; allowed: "
            f"{violation.allowed}; remedy: {violation.remedy})"
        )


def _the_metric_exists(alarm: RollbackAlarm) -> Iterator[str]:
    if alarm.missing is not None:
        yield f"the alarm {alarm.name} cannot fire: {alarm.missing}"


def _the_alarm_can_fire(alarm: RollbackAlarm) -> Iterator[str]:
    metric = published(alarm.namespace, alarm.metric)
    if alarm.formula is not None:
        found = computed_blindness(alarm.rule, alarm.formula)
    else:
        found = iter(()) if metric is None else blindness(alarm.rule, metric)
    for reason in found:
        yield f"the alarm {alarm.name} protects nothing: {reason}"


def _silence_is_left_to_the_release_check(alarm: RollbackAlarm) -> Iterator[str]:
    if alarm.rule.missing_data is not MissingData.NOT_BREACHING:
        yield (
            f"the alarm {alarm.name} treats missing data as {alarm.rule.missing_data}; "
            "use notBreaching: a new fleet reports nothing before its first request"
        )


_ALARM_RULES: Final[tuple[Callable[[RollbackAlarm], Iterator[str]], ...]] = (
    _the_metric_exists,
    _the_alarm_can_fire,
    _silence_is_left_to_the_release_check,
)


def refusal(name: str, broken: list[str]) -> BrokenRuleError:
    """The error that names every broken rule of an endpoint."""
    lines = "\n  ".join(broken)
    return BrokenRuleError(
        f"{name}: the template breaks a rule, so nothing is rehearsed\n  {lines}"
    )
