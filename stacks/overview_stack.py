"""One look at everything that a stage serves."""

from collections.abc import Sequence

from aws_cdk import Stack
from constructs import Construct

from mlops_constructs.dashboards.fleet_dashboard import FleetDashboard
from mlops_constructs.release import Release
from mlops_constructs.site import Site


class OverviewStack(Stack):
    """The stage's dashboard over all released models.

    A stage looks at itself: a dashboard over accounts needs each of them to share its metrics with
    another, and nothing else here asks for that. It spans all models, so a synthesis of one model
    leaves it alone; it refers to nothing, so it never holds a release up.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, releases: Sequence[Release]
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=f"{site.prefix}-overview",
            description=f"Dashboard of what {site.prefix} serves",
        )
        FleetDashboard(self, "Dashboard", site=site, releases=releases)
