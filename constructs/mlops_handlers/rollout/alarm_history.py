"""Which alarms were red during a deployment: after a rollback they are green again, or deleted."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from mlops.rollout.alarm import State


def red_alarms(
    cloudwatch: Any, names: Iterable[str], *, start: datetime, end: datetime
) -> tuple[str, ...]:
    """The alarms that turned red between two moments, in the order of their names.

    CloudWatch keeps the history of a deleted alarm. One that was red before and stayed so did not
    turn red by this deployment.
    """
    return tuple(
        name
        for name in sorted(set(names))
        if State.ALARM in _states(cloudwatch, name, start=start, end=end)
    )


def _states(cloudwatch: Any, name: str, *, start: datetime, end: datetime) -> set[str]:
    """Everything that an alarm became."""
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(
        AlarmName=name, HistoryItemType="StateUpdate", StartDate=start, EndDate=end
    )
    items = (item for page in pages for item in page["AlarmHistoryItems"])
    return {json.loads(item["HistoryData"])["newState"]["stateValue"] for item in items}
