"""Whether CloudWatch publishes what a release's rollback alarms watch, as the alarms name it.

The alarms are asked for as they are deployed: the name of the endpoint's config is none that a
synthesis knows.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from mlops.checks.clients import Clients
from mlops.checks.dimensions import Watched, in_order, published, told, watched
from mlops.checks.live import live_endpoint
from mlops.checks.plan import PlannedRelease
from mlops.checks.result import (
    REFUSALS,
    Finding,
    Question,
    Result,
    answered,
    failed,
    passed,
    skipped,
)

REMEDY: Final = "docs/concepts/canary.md#a-guard-that-sees-nothing"
_CONFIG: Final = "EndpointConfigName"
_AT_ONCE: Final = 100
"""Names of alarms in one request."""


def metrics(release: PlannedRelease, clients: Clients) -> Iterator[Result]:
    """One answer for each metric and set of dimensions that the release's alarms name."""
    if not release.guardrails.alarms:
        yield _whole(release, skipped("no alarm rolls this release back"))
        return
    try:
        alarms = list(_alarms(release, clients))
    except REFUSALS as error:
        yield _whole(release, failed(str(error)))
        return
    missing = sorted(set(release.guardrails.alarms) - {alarm["AlarmName"] for alarm in alarms})
    if missing:
        yield _whole(release, failed(f"not deployed: {', '.join(missing)}; remedy: deploy again"))
    for one in in_order(found for alarm in alarms for found in watched(alarm)):
        name = f"{one.namespace} {one.metric} by {', '.join(one.names)}"
        yield answered(_question(release, name), partial(_published, one, release, clients))


def _question(release: PlannedRelease, name: str) -> Question:
    return Question(check="metrics", subject=release.model, name=name)


def _whole(release: PlannedRelease, finding: Finding) -> Result:
    return Result(question=_question(release, "rollback alarms"), finding=finding)


def _alarms(release: PlannedRelease, clients: Clients) -> Iterator[Any]:
    names = release.guardrails.alarms
    for start in range(0, len(names), _AT_ONCE):
        asked = list(names[start : start + _AT_ONCE])
        pages = (
            clients("cloudwatch")
            .get_paginator("describe_alarms")
            .paginate(AlarmNames=asked, AlarmTypes=["MetricAlarm"])
        )
        yield from (alarm for page in pages for alarm in page["MetricAlarms"])


def _published(one: Watched, release: PlannedRelease, clients: Clients) -> Finding:
    pages = clients("cloudwatch").get_paginator("list_metrics").paginate(**one.listing)
    seen = published(metric for page in pages for metric in page["Metrics"])
    if not seen:
        return skipped("CloudWatch has nothing of it yet; ask again after a release with requests")
    if one.names in seen:
        return passed(f"published by {told(seen)}")
    difference = f"published by {told(seen)}, while the alarms ask by {told([one.names])}"
    if _CONFIG in one.names and live_endpoint(clients, release.endpoint).is_first:
        return skipped(f"{difference}, which only an update of the endpoint begins")
    return failed(f"{difference}, so they cannot turn red; remedy: {REMEDY}")
