"""Tells a model's owners once a week how it does, whether or not an alarm did before."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from mlops_handlers.clients import client
from mlops_handlers.deployments import deployments_since
from mlops_handlers.monitoring.week import DAYS, ReleasedVersion, Terms, Week
from mlops_handlers.monitoring.weekly_figures import Owners, figures, questions
from mlops_handlers.monitoring.weekly_text import message, subject

LOG: Final = logging.getLogger()


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Tell the seven days that end today at midnight, UTC, or at the date in `End`."""
    end = _midnight(event.get("End"))
    terms = _terms()
    start = end - timedelta(days=DAYS)
    owners = Owners(endpoint=terms.endpoint, batch_pipeline=terms.batch_pipeline)
    asked = list(questions(terms.fields, terms.metrics, batches=terms.batch_pipeline is not None))
    week = Week(
        terms=terms,
        start=start,
        figures=figures(client("cloudwatch"), owners, asked, start=start, end=end),
        releases=list(_releases(terms.endpoint, start, end)),
    )
    title = subject(week)
    client("sns").publish(TopicArn=os.environ["ALERT_TOPIC"], Subject=title, Message=message(week))
    LOG.info("%s", title)
    return {"Subject": title}


def _midnight(day: str | None) -> datetime:
    said = datetime.now(UTC) if day is None else datetime.fromisoformat(day)
    return datetime(said.year, said.month, said.day, tzinfo=UTC)


def _terms() -> Terms:
    """As the template wrote them."""
    said = json.loads(os.environ["TERMS"])
    lists = {key: tuple(said[key]) for key in ("fields", "metrics", "limits")}
    return Terms(**(said | lists))


def _releases(endpoint: str, start: datetime, end: datetime) -> Iterator[ReleasedVersion]:
    """The week's deployments, the oldest first."""
    found = deployments_since(client("sagemaker"), endpoint, since=start)
    for one in sorted(found, key=lambda one: one.began):
        if one.began < end:
            yield ReleasedVersion(at=one.began, version=one.version)
