"""Starts a model's training pipeline on its newest data, if nothing speaks against it.

Whatever fails here is tried again and ends in the dead letters. A start that is held back is
written to the log and forgotten: the next event or the next window of drift asks again.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlops_handlers.clients import client
from mlops_handlers.training.published_data import PublishedData, newest_published
from mlops_handlers.training.retraining import (
    Execution,
    Held,
    Limits,
    Rule,
    Start,
    Trigger,
    decide,
    reaches_back,
)
from mlops_handlers.training.retraining_events import Wake, wake_of

LOG: Final = logging.getLogger()
RUNBOOK: Final = "docs/runbooks/retraining-held.md"
_PAGE: Final = 100


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Answer what was started, or why nothing was."""
    wake = wake_of(event)
    if wake is None:
        return {"held": "the alarm is not red"}
    now, pipeline = datetime.now(UTC), os.environ["PIPELINE"]
    decision = decide(
        wake.trigger, _history(pipeline, now), now=now, limits=_limits(), pipeline=pipeline
    )
    if isinstance(decision, Held):
        return _held(wake, decision)
    return _start(pipeline, decision, wake)


def _history(pipeline: str, now: datetime) -> list[Execution]:
    """The executions, newest first, as far back as a decision needs them."""
    found: list[Execution] = []
    pages = (
        client("sagemaker")
        .get_paginator("list_pipeline_executions")
        .paginate(
            PipelineName=pipeline,
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"PageSize": _PAGE},
        )
    )
    for page in pages:
        found += [_execution(summary) for summary in page["PipelineExecutionSummaries"]]
        if reaches_back(found, now):
            break
    return found


def _execution(summary: Mapping[str, Any]) -> Execution:
    return Execution(
        began=summary["StartTime"],
        status=summary["PipelineExecutionStatus"],
        name=summary.get("PipelineExecutionDisplayName", ""),
    )


def _limits() -> Limits:
    return Limits(
        cooldown=timedelta(days=int(os.environ["COOLDOWN_DAYS"])),
        budget_per_month=int(os.environ["BUDGET_PER_MONTH"]),
    )


def _start(pipeline: str, start: Start, wake: Wake) -> dict[str, str]:
    data = _newest_data()
    if data is None and "DATA_BUCKET" in os.environ:
        place = f"s3://{os.environ['DATA_BUCKET']}/{os.environ['DATA_PREFIX']}"
        reason = f"no data is published below {place}; remedy: mlops data publish"
        LOG.warning("%s asked for a training, and %s", wake.trigger, reason)
        return {"held": reason}
    answer = client("sagemaker").start_pipeline_execution(
        PipelineName=pipeline,
        PipelineExecutionDisplayName=start.name,
        PipelineExecutionDescription=wake.evidence,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in _parameters(data)],
        ClientRequestToken=start.token,
    )
    arn = str(answer["PipelineExecutionArn"])
    LOG.warning("%s started %s: %s", wake.trigger, arn, wake.evidence)
    return {"started": arn}


def _newest_data() -> PublishedData | None:
    """What was published last; None as well where the contract names data of its own."""
    if "DATA_BUCKET" not in os.environ:
        return None
    return newest_published(
        client("s3"), bucket=os.environ["DATA_BUCKET"], prefix=os.environ["DATA_PREFIX"]
    )


def _parameters(data: PublishedData | None) -> Iterator[tuple[str, str]]:
    """What differs from the pipeline's defaults."""
    if data is not None:
        yield "DataUri", data.uri
        yield "DataVersion", data.version
        if data.training_end is not None:
            yield "TrainingEnd", data.training_end.isoformat()


def _held(wake: Wake, held: Held) -> dict[str, str]:
    LOG.warning("%s asked for a training, held by the %s: %s", wake.trigger, held.rule, held.reason)
    if held.rule is Rule.BUDGET and wake.trigger is Trigger.DRIFT:
        _tell(wake, held)
    return {"held": f"{held.rule}: {held.reason}"}


def _tell(wake: Wake, held: Held) -> None:
    """Drift that nothing answers until the month is over needs a person."""
    model = os.environ["MODEL"]
    client("sns").publish(
        TopicArn=os.environ["ALERT_TOPIC"],
        Subject=f"{model}: drift, and no automatic training is left this month",
        Message=(
            f"{model} has drifted ({wake.evidence}), and nothing trains it: {held.reason}. "
            f"Somebody has to look, and to start the pipeline {os.environ['PIPELINE']} if a "
            f"training would help.\nRunbook: {RUNBOOK}\n"
        ),
    )
