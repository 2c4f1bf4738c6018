"""The record of a deployment, and one notification for each deployment, outcome and cause.

People are notified first, then the record is written, then an event triggers the release
automation. If any step fails, the caller is invoked again: before the record is written, people
are notified twice rather than never, so the automation never acts on a record that nobody was
notified of. After it, only the event is lost; it carries no state, and the release automation
also reads the records on a schedule.
"""

import logging
import os
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from mlops.rollout.attribution import Cause
from mlops.rollout.record import EVENT_SOURCE, INCONCLUSIVE, ROLLED_BACK, ReleaseRecord
from mlops.rollout.verdict import Outcome
from mlops_handlers.clients import client
from mlops_handlers.rollout.announcement import message, subject

LOG: Final = logging.getLogger()
_DETAIL_TYPES: Final = {
    str(Outcome.UNHEALTHY): ROLLED_BACK,
    str(Outcome.INCONCLUSIVE): INCONCLUSIVE,
}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where a record is kept, and who hears of it."""

    parameter: str
    topic: str
    bus: str | None
    """ARN of the delivery bus; None where no delivery follows a repository."""

    @classmethod
    def from_environment(cls) -> "Addresses":
        """As the template wrote them."""
        return cls(
            parameter=os.environ["RELEASE_RECORD"],
            topic=os.environ["ALERT_TOPIC"],
            bus=os.environ.get("DELIVERY_BUS"),
        )


def report(record: ReleaseRecord, to: Addresses) -> bool:
    """Tell and keep what is not known yet; False where it is.

    Raises:
        ClientError: a service refused.
        EventError: the delivery bus did not take the event.
    """
    if _is_known(record, kept_record(to)):
        return False
    detail_type = _DETAIL_TYPES.get(record.outcome)
    if detail_type is not None:
        client("sns").publish(TopicArn=to.topic, Subject=subject(record), Message=message(record))
    _keep(record, to)
    if detail_type is not None and to.bus is not None:
        _wake_the_delivery(record, detail_type, to.bus)
    return True


def kept_record(to: Addresses) -> ReleaseRecord | None:
    """What is known of the last deployment; an unreadable record is as good as none."""
    try:
        found = client("ssm").get_parameter(Name=to.parameter)
        return ReleaseRecord.from_json(found["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
    except ValueError as error:
        LOG.warning("the record in %s is replaced: %s", to.parameter, error)
    return None


def _is_known(record: ReleaseRecord, kept: ReleaseRecord | None) -> bool:
    if kept is None:
        return False
    if (kept.deployment, kept.outcome) != (record.deployment, record.outcome):
        return False
    # Evidence expires. What was found once is not forgotten because it can be seen no longer.
    return record.cause in (kept.cause, str(Cause.UNKNOWN))


def _keep(record: ReleaseRecord, to: Addresses) -> None:
    client("ssm").put_parameter(
        Name=to.parameter, Value=record.to_json(), Type="String", Tier="Standard", Overwrite=True
    )


def _wake_the_delivery(record: ReleaseRecord, detail_type: str, bus: str) -> None:
    # An event bus is reached in its own region.
    answer = client("events", bus.split(":")[3]).put_events(
        Entries=[
            {
                "EventBusName": bus,
                "Source": EVENT_SOURCE,
                "DetailType": detail_type,
                "Detail": record.to_json(),
                "Resources": [record.package],
            }
        ]
    )
    if answer["FailedEntryCount"]:
        (entry,) = answer["Entries"]
        raise EventError(f"{bus}: {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")


class EventError(Exception):
    """The delivery bus did not take an event."""
