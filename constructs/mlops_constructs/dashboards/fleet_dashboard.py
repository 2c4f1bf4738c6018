"""One look at everything that a stage serves."""

from collections.abc import Iterator, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.dashboards import Served, fleet_sections
from mlops_constructs.dashboards.model_dashboard import SHOWN, steady_alarm_names
from mlops_constructs.dashboards.panel_widgets import alarm_widgets, section_widgets, text_widget
from mlops_constructs.release import Release
from mlops_constructs.site import Site


class FleetDashboard(Construct):
    """A row for each released model, with the way to its own dashboard."""

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, releases: Sequence[Release]
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._releases = releases
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=site.names.fleet_dashboard(site.stage),
            default_interval=SHOWN,
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=list(self._rows()),
        )

    def _rows(self) -> Iterator[list[cloudwatch.IWidget]]:
        links = " · ".join(self._link(release) for release in self._releases)
        yield [text_widget(f"# What {self._site.prefix} serves\n{links}", height=2)]
        names = (name for release in self._releases for name in steady_alarm_names(release))
        region = self._site.stage.region
        yield [*alarm_widgets(self, names, region=region)]
        fleet = (Served.of(r.site.names, r.site.stage, r.model) for r in self._releases)
        for section in fleet_sections(fleet):
            yield from section_widgets(section, region)

    def _link(self, release: Release) -> str:
        name = self._site.names.model_dashboard(self._site.stage, release.model.name)
        region = self._site.stage.region
        console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        return f"[{release.model.name}]({console}#dashboards/dashboard/{name})"
