"""What people look at: panels said once, drawn by CloudWatch and by the rehearsal's page."""

from mlops.dashboards.fleet_panels import fleet_sections
from mlops.dashboards.model_panels import model_sections
from mlops.dashboards.page import Board, dashboard_page
from mlops.dashboards.panel import (
    Curve,
    Mark,
    Metric,
    Panel,
    Quotient,
    Search,
    Section,
    metrics_of,
)
from mlops.dashboards.recorded import Recorded
from mlops.dashboards.served import VARIANT, Served

__all__ = [
    "VARIANT",
    "Board",
    "Curve",
    "Mark",
    "Metric",
    "Panel",
    "Quotient",
    "Recorded",
    "Search",
    "Section",
    "Served",
    "dashboard_page",
    "fleet_sections",
    "metrics_of",
    "model_sections",
]
