"""Panels of the endpoint as its callers meet it, of its fleet, and of releases."""

from typing import Final

from mlops.contract import virtual_cpus
from mlops.dashboards.panel import Mark, Metric, Panel, Quotient, Search
from mlops.dashboards.served import Served
from mlops.metrics import WRONG_ANSWERS
from mlops.rollout import microseconds
from mlops.rollout.signals import INVOCATION_METRICS, WRONG_ANSWER_RATIO

INSTANCES: Final = "/aws/sagemaker/Endpoints"
CPU_PERCENT: Final = 85
"""Of all cores together; on-call alarms fire above it."""
MEMORY_PERCENT: Final = 85
DISK_PERCENT: Final = 80
_MINUTE: Final = 60
_HOUR: Final = 3600
_PERCENTILES: Final = ("p50", "p90", "p99")
_CONFIG: Final = "EndpointConfigName"


def traffic(served: Served) -> Panel:
    """Requests per minute beside what the contract expects."""
    expected = served.callers_per_minute
    return Panel(
        title="Requests per minute",
        unit="requests",
        period_seconds=_MINUTE,
        curves=(_invocation(served, "Invocations", "Sum", "requests"),),
        marks=(Mark(label="expected by the contract", value=expected),),
    )


def errors(served: Served) -> Panel:
    """Shares of the requests that ended in an error."""
    alarms = served.canary.alarms
    return Panel(
        title="Share of requests that fail",
        unit="share",
        period_seconds=_MINUTE,
        curves=(
            _invocation(served, "Invocation5XXErrors", "Average", "5xx"),
            _invocation(served, "Invocation4XXErrors", "Average", "4xx"),
            _invocation(served, "InvocationModelErrors", "Average", "not 2xx from the model"),
        ),
        marks=(Mark(label="alarm on 5xx", value=alarms.error_ratio),),
    )


def model_latency(served: Served) -> Panel:
    """How long the container takes."""
    return _latency(served, "ModelLatency", "Model latency")


def overhead_latency(served: Served) -> Panel:
    """How long SageMaker takes around it."""
    return _latency(served, "OverheadLatency", "Overhead latency")


def instances(served: Served) -> Panel:
    """The fleet's size, which SageMaker reports as the share of a request that each one gets."""
    capacity = served.capacity
    return Panel(
        title="Instances",
        unit="instances",
        period_seconds=_MINUTE * 5,
        curves=(_fleet(served, "instances"),),
        marks=(
            Mark(label="smallest fleet", value=float(capacity.min_instances)),
            Mark(label="largest fleet", value=float(capacity.max_instances)),
        ),
    )


def cpu(served: Served) -> Panel:
    """Load of the cores; a machine of four goes to 400 %."""
    limit = float(CPU_PERCENT * virtual_cpus(served.instance_type))
    return Panel(
        title="CPU, all cores of an instance",
        unit="percent",
        period_seconds=_MINUTE,
        curves=(
            _instance(served, "CPUUtilization", "Average", "mean"),
            _instance(served, "CPUUtilization", "Maximum", "busiest"),
        ),
        marks=(Mark(label="alarm", value=limit),),
    )


def memory(served: Served) -> Panel:
    """Memory and disk of the containers."""
    return Panel(
        title="Memory and disk",
        unit="percent",
        period_seconds=_MINUTE,
        curves=(
            _instance(served, "MemoryUtilization", "Average", "memory"),
            _instance(served, "DiskUtilization", "Average", "disk"),
        ),
        marks=(
            Mark(label="alarm, memory", value=float(MEMORY_PERCENT)),
            Mark(label="alarm, disk", value=float(DISK_PERCENT)),
        ),
    )


def shares(served: Served) -> Panel:
    """Requests by release: while a canary runs, two of them share the traffic."""
    return Panel(
        title="Requests per minute by release",
        unit="requests",
        period_seconds=_MINUTE,
        curves=(_by_release(served, "Invocations", "Sum"),),
        stacked=True,
    )


def release_errors(served: Served) -> Panel:
    """What the error alarm of a canary sees."""
    return Panel(
        title="Share of 5xx by release",
        unit="share",
        period_seconds=_MINUTE,
        curves=(_by_release(served, "Invocation5XXErrors", "Average"),),
        marks=(Mark(label="rolls back", value=served.canary.alarms.error_ratio),),
    )


def release_latency(served: Served) -> Panel:
    """What the latency alarm of a canary sees."""
    limit = served.model.endpoint.canary_setting(served.canary).latency_p99_ms
    return Panel(
        title="Model latency p99 by release",
        unit="microseconds",
        period_seconds=_MINUTE,
        curves=(_by_release(served, "ModelLatency", "p99"),),
        marks=(Mark(label="rolls back", value=microseconds(limit)),),
    )


def wrong_answers(served: Served) -> Panel:
    """What the prober found while a release was under way."""
    return Panel(
        title="Share of wrong answers to probes, by version",
        unit="share",
        period_seconds=_MINUTE,
        curves=(
            Search(
                namespace=WRONG_ANSWERS.namespace,
                name=WRONG_ANSWERS.name,
                statistic="Average",
                dimensions=served.named,
                by=str(WRONG_ANSWERS.by),
            ),
        ),
        marks=(Mark(label="rolls back", value=WRONG_ANSWER_RATIO),),
    )


def instance_hours(served: Served) -> Panel:
    """What the endpoint is billed by; an hour without a request counts the smallest fleet."""
    return Panel(
        title=f"Instance-hours of {served.instance_type} since the left end",
        unit="hours",
        period_seconds=_HOUR,
        curves=(_fleet(served, "instance-hours", running=True),),
    )


def _latency(served: Served, name: str, title: str) -> Panel:
    objective = microseconds(served.model.endpoint.latency_p99_ms)
    return Panel(
        title=title,
        unit="microseconds",
        period_seconds=_MINUTE,
        curves=tuple(_invocation(served, name, part, part) for part in _PERCENTILES),
        marks=(Mark(label="objective of the p99", value=objective),),
    )


def _fleet(served: Served, label: str, *, running: bool = False) -> Quotient:
    return Quotient(
        label=label,
        dividend=_invocation(served, "Invocations", "Sum", "requests"),
        divisor=_invocation(served, "InvocationsPerInstance", "Sum", "requests per instance"),
        otherwise=float(served.capacity.min_instances),
        running=running,
    )


def _invocation(served: Served, name: str, statistic: str, label: str) -> Metric:
    return Metric(
        namespace=INVOCATION_METRICS,
        name=name,
        statistic=statistic,
        dimensions=served.dimensions,
        label=label,
    )


def _instance(served: Served, name: str, statistic: str, label: str) -> Metric:
    return Metric(
        namespace=INSTANCES,
        name=name,
        statistic=statistic,
        dimensions=served.dimensions,
        label=label,
    )


def _by_release(served: Served, name: str, statistic: str) -> Search:
    return Search(
        namespace=INVOCATION_METRICS,
        name=name,
        statistic=statistic,
        dimensions=served.dimensions,
        by=_CONFIG,
    )
