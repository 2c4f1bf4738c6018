"""How a model is served, released and watched, as far as its own team decides."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from mlops.contract.vocabulary import (
    FieldName,
    HostingInstanceType,
    Line,
    MetricNamespace,
    Name,
    Ratio,
    Spec,
    StageName,
    invalid,
    joined,
    legible,
    repeated,
)
from mlops.rollout import AlarmWindow, CanaryPolicy, Expectation, Setting, Signal, Strategy

AlarmPeriod = Literal[60, 120, 180, 240, 300]


OWN_ALARMS = ("server-errors", "model-errors", "client-errors", "latency", "wrong-answers")
"""Names of the rollback alarms that every release has."""

MOST_PAYLOAD_MB: Final = 25
"""What a real-time endpoint takes by SageMaker's FAQ; botocore's model says 6,291,456 bytes."""
_MEGABYTE: Final = 1024 * 1024


class CustomMetric(Spec):
    """A metric that the model's own code publishes, and above which a release is rolled back.

    It carries the dimensions EndpointName and ModelVersion, so that it sees the new version alone.
    """

    name: Annotated[Name, Field(description="Part of the alarm's name")]
    namespace: Annotated[MetricNamespace, Field(description="CloudWatch namespace of your own")]
    metric: Annotated[Line, Field(description="CloudWatch metric, published per minute")]
    statistic: Annotated[
        Literal["Average", "Sum", "Minimum", "Maximum", "p90", "p95", "p99"],
        Field(description="How a period's values become one data point"),
    ] = "Average"
    threshold: Annotated[float, Field(allow_inf_nan=False, description="Above it a point is bad")]
    highest: Annotated[
        float | None,
        Field(description="What the metric reports at most, such as 1 for yes or no"),
    ] = None


class CanaryAlarms(Spec):
    """The rollback alarms on the new fleet; ratios are errors per request, 0 to 1."""

    period_seconds: Annotated[
        AlarmPeriod, Field(description="Length of one data point of the alarms")
    ] = 60
    evaluation_periods: Annotated[
        int, Field(ge=1, le=10, description="Periods that an alarm looks at")
    ] = 3
    datapoints_to_alarm: Annotated[
        int, Field(ge=1, le=10, description="Bad periods among them that roll back: 1 or 2")
    ] = 2
    error_ratio: Annotated[Ratio, Field(description="5xx answers per request that roll back")] = (
        0.02
    )
    model_error_ratio: Annotated[
        Ratio, Field(description="Failures of the container, 4xx aside, that roll back")
    ] = 0.02
    client_error_ratio: Annotated[
        Ratio, Field(description="4xx answers beyond the old fleet's share that roll back")
    ] = 0.02
    latency_p99_ms: Annotated[
        float | None, Field(gt=0, le=60_000, description="Default: 1.5 x the endpoint's objective")
    ] = None
    metrics: Annotated[
        tuple[CustomMetric, ...],
        Field(max_length=5, strict=False, description="Rollback alarms on metrics of your own"),
    ] = ()

    @model_validator(mode="after")
    def _each_alarm_has_a_name_of_its_own(self) -> "CanaryAlarms":
        twice = repeated([*OWN_ALARMS, *legible(self.metrics, "name")])
        if twice:
            raise joined(
                "metrics",
                problem=f"two rollback alarms would be named {' and '.join(twice)}",
                allowed=f"each name once, and none of {', '.join(OWN_ALARMS)}",
                remedy="rename the metric",
            )
        return self

    @property
    def window(self) -> AlarmWindow:
        """What the slowest of these alarms needs to see."""
        return AlarmWindow(
            period_seconds=self.period_seconds,
            evaluation_periods=self.evaluation_periods,
            datapoints_to_alarm=self.datapoints_to_alarm,
        )


class CanarySpec(Spec):
    """How traffic moves to a new version; a stage may override single keys."""

    strategy: Annotated[
        Strategy, Field(description="All but all-at-once move traffic in parts, watched by alarms")
    ] = "canary"
    size_percent: Annotated[
        int, Field(ge=1, le=100, description="Share of the fleet that moves at once; at most 50")
    ] = 10
    bake_minutes: Annotated[
        int, Field(ge=1, le=60, description="Wait after each part; longer than the alarms need")
    ] = 10
    final_bake_minutes: Annotated[
        int, Field(ge=1, le=60, description="Wait before the old fleet goes")
    ] = 10
    timeout_minutes: Annotated[
        int | None, Field(ge=1, description="Default: the waits plus twice the provisioning margin")
    ] = None
    minimum_invocations: Annotated[
        int, Field(ge=1, description="Fewer canary requests make a release inconclusive")
    ] = 100
    detection_target_percent: Annotated[
        int,
        Field(ge=1, le=99, description="Synthesis warns if a regression is caught less often"),
    ] = 80
    alarms: Annotated[CanaryAlarms, Field(description="What rolls back")] = CanaryAlarms()

    @property
    def guarded(self) -> bool:
        """Whether traffic moves in parts."""
        return self.strategy != "all-at-once"

    @property
    def custom_signals(self) -> tuple[Signal, ...]:
        """What rolls back on the model's own metrics."""
        return tuple(
            Signal(
                key=custom.name,
                metric=custom.metric,
                statistic=custom.statistic,
                threshold=custom.threshold,
                unit="None",
                window=self.alarms.window,
                namespace=custom.namespace,
            )
            for custom in self.alarms.metrics
        )

    @property
    def policy(self) -> CanaryPolicy:
        """These settings in the words of `mlops.rollout`."""
        return CanaryPolicy(
            strategy=self.strategy,
            size_percent=self.size_percent,
            bake_minutes=self.bake_minutes,
            final_bake_minutes=self.final_bake_minutes,
            timeout_minutes=self.timeout_minutes,
        )


class CaptureSpec(Spec):
    """Which requests and answers are kept for monitoring."""

    enabled: Annotated[bool, Field(description="Whether requests and answers are kept")] = True
    sampling_percent: Annotated[
        int, Field(ge=1, le=100, description="Share of the requests that is kept")
    ] = 100
    personal_fields: Annotated[
        tuple[FieldName, ...] | None,
        Field(
            max_length=100,
            strict=False,
            description="Fields that identify a person; [] if none does; they cannot be captured",
        ),
    ] = None


class ScalingSpec(Spec):
    """Target tracking; the bounds come from the stage's capacity tier."""

    enabled: Annotated[bool, Field(description="Whether the fleet follows the traffic")] = True
    invocations_per_instance_per_minute: Annotated[
        int | None,
        Field(ge=1, description="Default: the expected rate over the smallest fleet, x 1.5"),
    ] = None
    scale_in_cooldown_seconds: Annotated[
        int, Field(ge=0, le=3600, description="Pause after the fleet shrank")
    ] = 300
    scale_out_cooldown_seconds: Annotated[
        int, Field(ge=0, le=3600, description="Pause after the fleet grew")
    ] = 60


def _mode(value: object) -> object:
    if value in ("async", "serverless"):
        raise invalid(
            "no serving stack is built for this mode: SageMaker has no canary for serverless "
            "endpoints, and nothing here watches one of async endpoints",
            allowed="real-time",
            remedy="use real-time, and a batch block for whole files",
        )
    return value


class EndpointSpec(Spec):
    """The endpoint's promise: mode, size, traffic, latency."""

    mode: Annotated[
        Literal["real-time"],
        BeforeValidator(_mode),
        Field(description="The one mode whose canary is watched; whole files: `batch`"),
    ] = "real-time"
    tier: Annotated[Name, Field(description="A key of the stage's `capacity`")] = "standard"
    instance_type: Annotated[
        HostingInstanceType | None, Field(description="Default: the stage's type for the tier")
    ] = None
    expected_requests_per_minute: Annotated[
        int,
        Field(ge=1, le=10_000_000, description="Last stage, usual day; scaling follows from it"),
    ]
    stage_requests_per_minute: Annotated[
        dict[StageName, Annotated[int, Field(ge=0, le=10_000_000)]],
        Field(max_length=9, description="What callers send to a stage before the last; default 0"),
    ] = Field(default_factory=dict)
    latency_p99_ms: Annotated[
        float, Field(gt=0, le=60_000, description="Objective, milliseconds")
    ] = 500.0
    max_payload_mb: Annotated[
        int, Field(ge=1, le=MOST_PAYLOAD_MB, description="Longest body of a request")
    ] = MOST_PAYLOAD_MB
    scaling: Annotated[ScalingSpec, Field(description="How the fleet follows the traffic")] = (
        ScalingSpec()
    )
    canary: Annotated[CanarySpec, Field(description="How a new version takes over")] = CanarySpec()
    capture: Annotated[CaptureSpec, Field(description="What monitoring reads")] = CaptureSpec()

    @property
    def body_limit_bytes(self) -> int | None:
        """Longest body of a request; None where the server's own limit holds, the service's."""
        most = self.max_payload_mb
        return None if most == MOST_PAYLOAD_MB else most * _MEGABYTE

    @property
    def canary_latency_p99_ms(self) -> float:
        """Threshold of the canary's latency alarm, in milliseconds."""
        return self.canary.alarms.latency_p99_ms or 1.5 * self.latency_p99_ms

    def canary_setting(self, canary: CanarySpec) -> Setting:
        """A canary, a stage's overrides applied, with everything that decides what it can see."""
        return Setting(
            policy=canary.policy,
            window=canary.alarms.window,
            error_ratio=canary.alarms.error_ratio,
            model_error_ratio=canary.alarms.model_error_ratio,
            latency_p99_ms=canary.alarms.latency_p99_ms or 1.5 * self.latency_p99_ms,
            minimum_invocations=canary.minimum_invocations,
        )

    def canary_expectation(self, *, callers_per_minute: float, instances: int) -> Expectation:
        """What is promised of traffic and of a good version, for want of measurements."""
        return Expectation(
            requests_per_minute=callers_per_minute,
            latency_p99_ms=self.latency_p99_ms,
            instances=instances,
        )
