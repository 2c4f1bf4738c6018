"""What is looked at while a model serves: by a job, and by people."""

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.pipeline import ModelSource
from mlops_constructs.clock import A_MORNING, Clock, executed
from mlops_constructs.dashboards.model_dashboard import ModelDashboard
from mlops_constructs.monitoring.drift_alarms import DriftAlarms
from mlops_constructs.monitoring.drift_events import DriftEvents
from mlops_constructs.monitoring.drift_job import DriftJob
from mlops_constructs.monitoring.weekly_report import WeeklyReport
from mlops_constructs.release import Release
from mlops_constructs.serving_code import ServingCode


class MonitoringStack(Stack):
    """A model's dashboard and weekly report in a stage; its drift job with clock and alarms.

    A stack of its own: what looks at an endpoint must never hold up what releases it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        source: ModelSource,
        code: ServingCode,
        key: kms.IKey,
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=f"{release.site.prefix}-{release.model.name}-monitoring",
            description=f"Dashboard, weekly report and drift of {release.endpoint_name}",
        )
        ModelDashboard(self, "Dashboard", release=release)
        WeeklyReport(
            self, "WeeklyReport", release=release, archive=code.archives.monitoring, key=key
        )
        if release.model.monitoring.engine == "drift-job":
            self._drift_job(release, source, code, key)

    def _drift_job(
        self, release: Release, source: ModelSource, code: ServingCode, key: kms.IKey
    ) -> None:
        job = DriftJob(
            self,
            "DriftJob",
            release=release,
            source=source,
            archive=code.archives.monitoring,
            key=key,
        )
        clock = Clock(
            self, "Schedule", site=release.site, start=executed(job.arn, description=job.purpose),
            expression=release.model.monitoring.schedule, patience=A_MORNING,
        )  # fmt: skip
        clock.node.add_dependency(job.pipeline)
        DriftAlarms(self, "Alarms", release=release)
        if release.model.retraining.on_drift:
            DriftEvents(self, "Events", site=release.site, model=release.model.name)
