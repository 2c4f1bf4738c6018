"""One look at a model in a stage: callers, releases, instances, drift, cost."""

from collections.abc import Iterator
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.dashboards import Served, model_sections
from mlops_constructs import deployed_alarms
from mlops_constructs.batch import batch_alarms
from mlops_constructs.dashboards.panel_widgets import alarm_widgets, section_widgets, text_widget
from mlops_constructs.monitoring import drift_alarms
from mlops_constructs.release import Release
from mlops_constructs.serving import on_call_alarms

SHOWN: Final = Duration.hours(12)


class ModelDashboard(Construct):
    """The panels of `mlops.dashboards`, what the alarms say, and where their runbooks are.

    It is made again with each release: the names of the rollback alarms are the release's own.
    """

    def __init__(self, scope: Construct, id_: str, *, release: Release) -> None:
        super().__init__(scope, id_)
        self._release = release
        site, model = release.site, release.model
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=site.names.model_dashboard(site.stage, model.name),
            default_interval=SHOWN,
            # A panel of requests per minute shows minutes, however much of the time is shown.
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=list(self._rows()),
        )

    def _rows(self) -> Iterator[list[cloudwatch.IWidget]]:
        release = self._release
        yield [text_widget(_about(release), height=4)]
        region = release.site.stage.region
        yield [*alarm_widgets(self, alarm_names(release), region=region)]
        served = Served.of(release.site.names, release.site.stage, release.model)
        for section in model_sections(served):
            yield from section_widgets(section, region)


def alarm_names(release: Release) -> list[str]:
    """Every alarm over an endpoint: those that roll this release back, page, and see drift."""
    rollback = [release.alarm_name(signal) for signal in release.signals]
    return [*rollback, *steady_alarm_names(release)]


def steady_alarm_names(release: Release) -> list[str]:
    """The alarms whose names do not change with the release."""
    watched = release.model.monitoring.engine != "none"
    drift = drift_alarms.drift_alarm_names(release) if watched else []
    batches = batch_alarms.batch_alarm_names(release)
    return [*on_call_alarms.on_call_alarm_names(release), *drift, *batches]


def _about(release: Release) -> str:
    """Runbooks are named as the alarms name them: nothing here knows the repository's address."""
    owners = release.model.owners
    batches = f" · batches `{batch_alarms.RUNBOOK}`" if release.model.batch else ""
    return (
        f"# {release.endpoint_name}, version {release.version}\n"
        f"{release.model.description}\n\n"
        f"Science: {owners.data_science} · releases: {owners.deployment} · "
        f"on call: {owners.on_call}\n\n"
        f"Runbooks in the repository: pages `{on_call_alarms.RUNBOOK}` · "
        f"rollbacks `{deployed_alarms.RUNBOOK}` · drift `{drift_alarms.RUNBOOK}`{batches}"
    )
