"""Whether the next update of an endpoint is guarded as planned."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from mlops.checks.plan import Guardrails
from mlops.checks.result import Finding, failed, passed, skipped

Described = Mapping[str, Any]


def compared(described: Described | None, planned: Guardrails, *, is_first: bool) -> Finding:
    """An endpoint's deployment settings beside the planned ones.

    SageMaker shows them after an update; the endpoint's creation is none.
    """
    if described is None:
        if is_first:
            return skipped("the endpoint was created and never updated, so no deployment is shown")
        return failed("SageMaker shows no deployment settings: the last update was unguarded")
    found = guardrails_of(described)
    wrong = [
        f"{field.name} is {getattr(found, field.name)}, planned {getattr(planned, field.name)}"
        for field in fields(Guardrails)
        if getattr(found, field.name) != getattr(planned, field.name)
    ]
    if wrong:
        return failed("; ".join(wrong))
    return passed(f"{planned.strategy}, {len(planned.alarms)} alarms roll back")


def guardrails_of(described: Described) -> Guardrails:
    """A DeploymentConfig in the plan's words; alarms in the order of their names."""
    names = described.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    alarms = tuple(sorted(alarm["AlarmName"] for alarm in names))
    rolling = described.get("RollingUpdatePolicy")
    if rolling:
        return Guardrails(
            strategy="rolling",
            size_percent=_percent(rolling.get("MaximumBatchSize")),
            wait_seconds=rolling["WaitIntervalInSeconds"],
            final_wait_seconds=None,
            timeout_seconds=rolling.get("MaximumExecutionTimeoutInSeconds", 0),
            alarms=alarms,
        )
    policy = described.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", {})
    return Guardrails(
        strategy=routing.get("Type", "ALL_AT_ONCE").lower().replace("_", "-"),
        size_percent=_percent(routing.get("CanarySize") or routing.get("LinearStepSize")),
        wait_seconds=routing.get("WaitIntervalInSeconds", 0),
        final_wait_seconds=policy.get("TerminationWaitInSeconds", 0),
        timeout_seconds=policy.get("MaximumExecutionTimeoutInSeconds", 0),
        alarms=alarms,
    )


def _percent(size: Described | None) -> int | None:
    """The share; None where nothing or a number of instances is given, which no plan asks for."""
    is_share = size is not None and size["Type"] == "CAPACITY_PERCENT"
    return size["Value"] if size is not None and is_share else None
