"""What wakes the retraining of a model, and what of it a version keeps as its evidence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops_handlers.drift_events import DRIFT_FOUND, DRIFT_SOURCE
from mlops_handlers.training.retraining import Trigger

ALARM_SOURCE: Final = "aws.cloudwatch"
ALARM_CHANGED: Final = "CloudWatch Alarm State Change"
DATA_SOURCE: Final = "aws.s3"
DATA_PUBLISHED: Final = "Object Created"
SCHEDULED: Final[Mapping[str, str]] = {"trigger": str(Trigger.SCHEDULE)}
"""What the schedule hands to the function."""
_LONGEST: Final = 256
"""The registry takes no longer value in a version's metadata, and no other characters."""
_REFUSED: Final = re.compile(r"[^\w .:/=+@-]")


class UnknownEventError(ValueError):
    """An event that this platform's rules never send."""


@dataclass(frozen=True, kw_only=True)
class Wake:
    """What asks for a training, and what speaks for it."""

    trigger: Trigger
    evidence: str


def wake_of(event: Mapping[str, Any]) -> Wake | None:
    """What an event asks for; nothing if an alarm turned any other colour than red.

    Raises:
        UnknownEventError: the event is of no kind that is known here.
    """
    if event == SCHEDULED:
        return Wake(trigger=Trigger.SCHEDULE, evidence="pipeline.schedule of the contract")
    kind, detail = (event.get("source"), event.get("detail-type")), event.get("detail", {})
    if kind == (ALARM_SOURCE, ALARM_CHANGED):
        return _red_alarm(detail)
    if kind == (DRIFT_SOURCE, DRIFT_FOUND):
        return Wake(trigger=Trigger.DRIFT, evidence=_storable(detail["report"]))
    if kind == (DATA_SOURCE, DATA_PUBLISHED):
        place = f"s3://{detail['bucket']['name']}/{detail['object']['key']}"
        return Wake(trigger=Trigger.DATA, evidence=_storable(place))
    raise UnknownEventError(f"nothing is known of events like {kind}")


def _red_alarm(detail: Mapping[str, Any]) -> Wake | None:
    state = detail["state"]
    if state["value"] != "ALARM":
        return None
    evidence = f"alarm {detail['alarmName']} at {state['timestamp']}"
    return Wake(trigger=Trigger.DRIFT, evidence=_storable(evidence))


def _storable(text: str) -> str:
    return _REFUSED.sub("_", text)[:_LONGEST]
