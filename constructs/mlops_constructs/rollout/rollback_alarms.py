"""Alarms that roll a release back: fresh ones for each release, on its own fleet."""

from typing import Any, Final

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.rollout import Formula, Scope, Signal, Term
from mlops.rollout.signals import INVOCATION_METRICS
from mlops_constructs.release import VARIANT, Release

_Dimension = cloudwatch.CfnAlarm.DimensionProperty
_Query = cloudwatch.CfnAlarm.MetricDataQueryProperty
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
        alarm, formula = signal.alarm, signal.formula
        watched = self._metric(signal) if formula is None else self._computed(signal, formula)
        return cloudwatch.CfnAlarm(
            self,
            "".join(part.capitalize() for part in signal.key.split("-")),
            alarm_name=self._release.alarm_name(signal),
            alarm_description=f"Rolls {self._release.endpoint_name} back. Runbook: {RUNBOOK}",
            **watched,
            evaluation_periods=alarm.evaluation_periods,
            datapoints_to_alarm=alarm.datapoints_to_alarm,
            threshold=signal.threshold,
            comparison_operator=alarm.comparison.value,
            treat_missing_data=alarm.missing_data.value,
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _metric(self, signal: Signal) -> dict[str, Any]:
        """What an alarm on one metric names."""
        is_percentile = signal.statistic.startswith("p")
        judged = "evaluate" if signal.alarm.evaluate_low_samples else "ignore"
        return {
            "namespace": signal.namespace,
            "metric_name": signal.metric,
            "statistic": None if is_percentile else signal.statistic,
            "extended_statistic": signal.statistic if is_percentile else None,
            "evaluate_low_sample_count_percentile": judged if is_percentile else None,
            "dimensions": self._dimensions(signal),
            "period": signal.alarm.period_seconds,
        }

    def _computed(self, signal: Signal, formula: Formula) -> dict[str, Any]:
        """What an alarm on computed data points names."""
        last = len(formula.steps) - 1
        steps = [
            _Query(id=id_, expression=expression, return_data=number == last)
            for number, (id_, expression) in enumerate(formula.steps)
        ]
        return {"metrics": [*steps, *(self._term(term, signal) for term in formula.terms)]}

    def _term(self, term: Term, signal: Signal) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
        metric = cloudwatch.CfnAlarm.MetricProperty(
            namespace=signal.namespace,
            metric_name=term.metric,
            dimensions=self._fleet(term.scope),
        )
        stat = cloudwatch.CfnAlarm.MetricStatProperty(
            metric=metric, period=signal.alarm.period_seconds, stat=term.statistic
        )
        return _Query(id=term.id, metric_stat=stat, return_data=False)

    def _dimensions(self, signal: Signal) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
        if signal.namespace == INVOCATION_METRICS:
            return self._fleet(signal.scope)
        return [
            _Dimension(name="EndpointName", value=self._release.endpoint_name),
            _Dimension(name="ModelVersion", value=str(self._release.version)),
        ]

    def _fleet(self, scope: Scope) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
        """The dimensions of invocation metrics: of the new fleet alone, or of both together."""
        both = [
            _Dimension(name="EndpointName", value=self._release.endpoint_name),
            _Dimension(name="VariantName", value=VARIANT),
        ]
        if scope == "endpoint":
            return both
        config = self._config.attr_endpoint_config_name
        return [*both, _Dimension(name="EndpointConfigName", value=config)]
