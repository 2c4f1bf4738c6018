"""The dashboard of a rehearsed canary: CloudWatch's panels over what was measured here."""

from typing import Final

from mlops.dashboards import Board, dashboard_page, model_sections
from mlops.dashboards.chart import Axis
from mlops.rehearsal.canary.curves import MINUTE
from mlops.rehearsal.canary.results import CanaryRehearsal

_TICKS: Final = 5


def dashboard(rehearsal: CanaryRehearsal) -> str:
    """The page: the model's dashboard once for each deployment."""
    sections = model_sections(rehearsal.served)
    boards = [
        Board(
            heading=f"{result.fault}: {result.observed}",
            sections=sections,
            recorded=result.curves,
            axis=_axis(result.ended),
        )
        for result in rehearsal.deployments
    ]
    return dashboard_page(f"{rehearsal.model} in {rehearsal.stage}: dashboard", boards)


def _axis(ended: float) -> Axis:
    minutes = ended / MINUTE
    step = max(1, round(minutes / _TICKS))
    ticks = [(float(at), f"{at} min") for at in range(0, int(minutes) + 1, step)]
    return Axis(end=minutes, ticks=ticks)
