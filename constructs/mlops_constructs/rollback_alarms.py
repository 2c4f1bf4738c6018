"""Alarms that roll a release back: fresh ones for each release, on its own fleet."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.rollout import Signal
from mlops.rollout.signals import INVOCATION_METRICS
from mlops_constructs.release import VARIANT, Release

_Dimension = cloudwatch.CfnAlarm.DimensionProperty
RUNBOOK: Final = "docs/runbooks/canary-rolled-back.md"


class RollbackAlarms(Construct):
    """One metric alarm per signal; each tells people as well when it turns red."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        config: sagemaker.CfnEndpointConfig,
    ) -> None:
        super().__init__(scope, id_)
        self._release = release
        self._config = config
        self.alarms = [self._alarm(signal) for signal in release.signals]

    def _alarm(self, signal: Signal) -> cloudwatch.CfnAlarm:
        alarm, is_percentile = signal.alarm, signal.statistic.startswith("p")
        judged = "evaluate" if alarm.evaluate_low_samples else "ignore"
        return cloudwatch.CfnAlarm(
            self,
            "".join(part.capitalize() for part in signal.key.split("-")),
            alarm_name=self._release.alarm_name(signal),
            alarm_description=f"Rolls {self._release.endpoint_name} back. Runbook: {RUNBOOK}",
            namespace=signal.namespace,
            metric_name=signal.metric,
            statistic=None if is_percentile else signal.statistic,
            extended_statistic=signal.statistic if is_percentile else None,
            evaluate_low_sample_count_percentile=judged if is_percentile else None,
            dimensions=self._dimensions(signal),
            period=alarm.period_seconds,
            evaluation_periods=alarm.evaluation_periods,
            datapoints_to_alarm=alarm.datapoints_to_alarm,
            threshold=signal.threshold,
            comparison_operator=alarm.comparison.value,
            treat_missing_data=alarm.missing_data.value,
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _dimensions(self, signal: Signal) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
        endpoint = _Dimension(name="EndpointName", value=self._release.endpoint_name)
        if signal.namespace != INVOCATION_METRICS:
            version = _Dimension(name="ModelVersion", value=str(self._release.version))
            return [endpoint, version]
        config = _Dimension(name="EndpointConfigName", value=self._config.attr_endpoint_config_name)
        return [endpoint, _Dimension(name="VariantName", value=VARIANT), config]
