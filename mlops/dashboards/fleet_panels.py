"""The dashboard of everything that a stage serves."""

from collections.abc import Iterable

from mlops.dashboards import drift_panels as drift
from mlops.dashboards import traffic_panels as endpoint
from mlops.dashboards.panel import Panel, Section
from mlops.dashboards.served import Served


def fleet_sections(fleet: Iterable[Served]) -> tuple[Section, ...]:
    """A row for each model, the same panels in each."""
    return tuple(_row(served) for served in fleet)


def _row(served: Served) -> Section:
    owners = served.model.owners
    return Section(
        title=served.model.name,
        text=f"{served.model.description}. {owners.data_science}; {owners.on_call}.",
        panels=(
            endpoint.traffic(served),
            endpoint.errors(served),
            endpoint.model_latency(served),
            *_drift(served),
        ),
    )


def _drift(served: Served) -> Iterable[Panel]:
    return (drift.checks(served),) if served.watched else ()
