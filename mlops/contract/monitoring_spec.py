"""What a contract says about life in production: how drift is looked for, when one retrains."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mlops.contract.vocabulary import FieldName, Line, Ratio, Schedule, Spec, joined


class LabelsSpec(Spec):
    """What really happened: when it is known, and which fields of an answer it is compared with.

    Applications write it as Model Monitor's ground truth lines below the prefix that
    docs/concepts/drift.md names.
    """

    delay_days: Annotated[
        int, Field(ge=0, le=31, description="Days until labels are known; a window waits for them")
    ] = 0
    prediction: Annotated[
        FieldName, Field(description="Field of the answer that is compared with the target")
    ]
    probability: Annotated[
        FieldName | None, Field(description="Field with the probability of the positive class")
    ] = None
    low: Annotated[FieldName | None, Field(description="Field with an interval's lower end")] = None
    high: Annotated[FieldName | None, Field(description="Field with its upper end")] = None

    @model_validator(mode="after")
    def _an_interval_has_two_ends(self) -> "LabelsSpec":
        if (self.low is None) is not (self.high is None):
            raise joined(
                "low",
                "high",
                problem="an interval has two ends",
                allowed="low and high, or neither",
                remedy="name the other field as well",
            )
        return self


class MetricLimit(Spec):
    """A bound that a metric of the labelled rows keeps in production."""

    metric: Annotated[Line, Field(description="A metric of the problem type")]
    comparison: Annotated[
        Literal["at_least", "at_most"], Field(description="In the direction that is better")
    ]
    threshold: Annotated[
        float, Field(description="In the metric's unit; alarms if the whole interval is beyond it")
    ]


class MonitoringSpec(Spec):
    """How drift is looked for."""

    engine: Annotated[Literal["drift-job", "none"], Field(description="What looks for drift")] = (
        "drift-job"
    )
    schedule: Annotated[
        Schedule, Field(description="EventBridge Scheduler expression, UTC; at least daily")
    ] = "cron(0 6 ? * * *)"
    window_days: Annotated[
        int, Field(ge=1, le=31, description="Whole days, UTC, that a run looks at")
    ] = 1
    minimum_rows: Annotated[
        int, Field(ge=50, description="Rows below which silence is not evidence")
    ] = 500
    psi: Annotated[
        float,
        Field(gt=0, le=0.25, description="Population stability index from which a change matters"),
    ] = 0.1
    gap_tolerance: Annotated[
        Ratio,
        Field(description="Points by which a group's gap to all others may widen after release"),
    ] = 0.1
    compare_within: Annotated[
        FieldName | None,
        Field(description="Field of the season, such as month: equal ones are compared"),
    ] = None
    ignored: Annotated[
        tuple[FieldName, ...],
        Field(strict=False, description="Fields whose distribution is not compared"),
    ] = ()
    labels: Annotated[
        LabelsSpec | None, Field(description="What really happened; none: only drift is judged")
    ] = None
    limits: Annotated[
        tuple[MetricLimit, ...],
        Field(max_length=10, strict=False, description="What the labelled rows must keep"),
    ] = ()

    @model_validator(mode="after")
    def _limits_need_labels(self) -> "MonitoringSpec":
        if self.limits and self.labels is None:
            raise joined(
                "limits",
                "labels",
                problem="limits judge labelled rows, and nothing says what the labels are",
                allowed="labels beside limits",
                remedy="set monitoring.labels.prediction, or remove limits",
            )
        return self


class RetrainingSpec(Spec):
    """When a new version is trained without a person asking."""

    on_drift: Annotated[bool, Field(description="Whether drift starts the pipeline")] = True
    on_new_data: Annotated[
        bool, Field(description="Whether publishing data starts the pipeline")
    ] = False
    cooldown_days: Annotated[
        int, Field(ge=1, le=90, description="Between two automatic trainings")
    ] = 7
    budget_per_month: Annotated[
        int, Field(ge=1, le=31, description="Automatic trainings at most")
    ] = 4
