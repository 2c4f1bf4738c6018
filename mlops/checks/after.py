"""The checks after a deployment, one after the other: a later one may disturb an earlier one."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from mlops.checks.clients import Clients
from mlops.checks.integration import integration
from mlops.checks.load import load
from mlops.checks.metrics import metrics
from mlops.checks.plan import Plan, PlannedRelease
from mlops.checks.result import Result
from mlops.checks.smoke import smoke

_AT_ONCE: Final = 8
"""Releases whose captures are waited for together."""


def after(plan: Plan, clients: Clients, *, only: Collection[str] | None = None) -> Iterator[Result]:
    """Run the plan's checks, or those of them that are asked for."""
    wanted = [check for check in plan.checks if only is None or check in only]
    if "smoke" in wanted:
        for release in plan.releases:
            yield from smoke(release, clients)
    if "integration" in wanted:
        yield from _integration(plan, clients)
    if "load" in wanted:
        for release in plan.releases:
            yield from load(release, clients)
    if "metrics" in wanted:
        for release in plan.releases:
            yield from metrics(release, clients)


def _integration(plan: Plan, clients: Clients) -> Iterator[Result]:
    def results(release: PlannedRelease) -> list[Result]:
        return list(integration(release, clients, region=plan.region))

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for found in pool.map(results, plan.releases):
            yield from found
