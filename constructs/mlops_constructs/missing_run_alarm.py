"""An alarm over the silence of something that runs every day."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.metrics import OwnMetric

_Alarm = cloudwatch.CfnAlarm
_DAY: Final = 86_400
_DAYS_WITHOUT_RUN: Final = 2


@dataclass(frozen=True, kw_only=True)
class Runs:
    """A metric that a job counts up once each time it comes to its end."""

    metric: OwnMetric
    of: str
    """Whose runs they are: the value of the owner's dimension."""


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
        namespace=runs.metric.namespace,
        metric_name=runs.metric.name,
        dimensions=[_Alarm.DimensionProperty(name=runs.metric.owner, value=runs.of)],
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
