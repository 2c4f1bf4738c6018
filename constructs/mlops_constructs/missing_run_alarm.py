"""An alarm over the silence of something that runs every day."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

_Alarm = cloudwatch.CfnAlarm
_DAY: Final = 86_400
_DAYS_WITHOUT_RUN: Final = 2


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The metric `Runs`, which a job counts up once each time it comes to its end."""

    namespace: str
    owner: str
    """Name of the dimension that says whose runs they are."""
    name: str
    """Its value."""


def missing_run_alarm(
    scope: Construct, runs: Runs, *, name: str, description: str, topic_arn: str
) -> None:
    """Tell of two days without a run.

    Silence is the one thing that this alarm is about, so what is missing breaches.
    """
    _Alarm(
        scope,
        "MissingRun",
        alarm_name=name,
        alarm_description=description,
        namespace=runs.namespace,
        metric_name="Runs",
        dimensions=[_Alarm.DimensionProperty(name=runs.owner, value=runs.name)],
        statistic="Sum",
        period=_DAY,
        evaluation_periods=_DAYS_WITHOUT_RUN,
        datapoints_to_alarm=_DAYS_WITHOUT_RUN,
        threshold=1,
        comparison_operator="LessThanThreshold",
        treat_missing_data="breaching",
        # The first run is up to a day away; until then nothing is missing.
        warm_up_configuration=_Alarm.WarmUpConfigurationProperty(
            warm_up_period_duration_in_minutes=_DAYS_WITHOUT_RUN * _DAY // 60
        ),
        alarm_actions=[topic_arn],
    )
