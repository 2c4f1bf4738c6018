"""One look at how training goes: a row for every model."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops_constructs.site import Site

_NAMESPACE: Final = "AWS/Sagemaker/ModelBuildingPipeline"


class TrainingDashboard(Construct):
    """Ended executions and their duration, per model and day."""

    def __init__(self, scope: Construct, id_: str, *, site: Site, models: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=site.names.dashboard(site.stage),
            default_interval=Duration.days(30),
            widgets=[self._row(model) for model in models],
        )

    def _row(self, model: str) -> list[cloudwatch.IWidget]:
        ended = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionStopped")
        return [
            self._graph(f"{model}: executions", [self._metric(model, name) for name in ended]),
            self._graph(
                f"{model}: duration", [self._metric(model, "ExecutionDuration", "Maximum")]
            ),
        ]

    def _graph(self, title: str, metrics: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
        return cloudwatch.GraphWidget(
            title=title, left=metrics, width=12, height=5, region=self._site.stage.region
        )

    def _metric(self, model: str, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=_NAMESPACE,
            metric_name=name,
            dimensions_map={"PipelineName": self._site.names.pipeline(model)},
            statistic=statistic,
            period=Duration.days(1),
        )
