"""SageMaker's data capture, line by line: what was asked, what was answered, what is unusable.

One line is one request with one answer (Developer Guide, "Capture data from real-time endpoint").
No line is fatal: each is used, left out on purpose, or counted under the reason why it is lost.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from .payload import Bodies, UnreadableError
from .schema import Row, Schema
from .sources import Counts

PROBE_PREFIX: Final = "mlops-probe-"
"""How inference ids of the platform's own probes begin; a test compares it with the prober's."""
PROBE: Final = "probe"
OUTSIDE: Final = "outside the window"
DUPLICATE: Final = "duplicate"
LEFT_OUT: Final = (PROBE, OUTSIDE, DUPLICATE)
"""Reasons that lose nothing."""
CUT_LINE: Final = "line cut off"
NOT_JSON: Final = "line is not JSON"
NO_CAPTURE: Final = "no captured request"
NO_ID: Final = "no event id"
NO_TIME: Final = "no inference time"
NO_ANSWER: Final = "no answer captured"
REFUSED: Final = "request refused by the server"
_ERROR: Final = {"error"}
"""The only key of what a server of this platform answers to a request that it refuses."""
ROWS_DIFFER: Final = "answer: another number of rows than the request"
ANSWER_LOST: Final = "answer: "
"""How reasons begin that lose an answer and keep its request."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A span of inference times, the end excluded; both are aware of their zone."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in the window."""
        return self.start <= moment < self.end


@dataclass(frozen=True, kw_only=True)
class Record:
    """One request with its rows, and the answer's rows where there are as many."""

    event: str
    key: str
    """What labels are joined on: the caller's inference id, else SageMaker's event id."""
    time: datetime | None
    inputs: Sequence[Row]
    outputs: Sequence[Row] | None
    lost_answer: bool = False
    """Whether it should have had an answer and none can be read; a refusal is one."""


class _LostError(Exception):
    """A line that gives no record, with the reason."""


def records(
    lines: Iterable[bytes], schema: Schema, counts: Counts, *, window: Window | None = None
) -> Iterator[Record]:
    """The usable records of capture files, one at a time; `counts` grows by every other reason."""
    requests, answers = Bodies(schema.input), Bodies(schema.output)
    for line in lines:
        if not line.strip():
            continue
        try:
            yield _record(_envelope(line), (requests, answers), counts, window)
        except _LostError as reason:
            counts[str(reason)] += 1


def _envelope(line: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise _LostError(NOT_JSON if line.endswith(b"\n") else CUT_LINE) from error
    if not isinstance(content, dict):
        raise _LostError(NO_CAPTURE)
    return content


def _record(
    content: Mapping[str, Any],
    bodies: tuple[Bodies, Bodies],
    counts: Counts,
    window: Window | None,
) -> Record:
    about = _object(content, "eventMetadata")
    event, caller = about.get("eventId"), about.get("inferenceId")
    if not isinstance(event, str) or not event:
        raise _LostError(NO_ID)
    if isinstance(caller, str) and caller.startswith(PROBE_PREFIX):
        raise _LostError(PROBE)
    captured = _object(content, "captureData")
    inputs = _request(captured, bodies[0])
    time = _moment(about.get("inferenceTime"), window)
    outputs, reason = _answer(captured, bodies[1], len(inputs))
    if reason:
        counts[reason] += 1
    return Record(
        event=event,
        key=caller if isinstance(caller, str) and caller else event,
        time=time,
        inputs=inputs,
        outputs=outputs,
        lost_answer=reason not in ("", REFUSED),
    )


def _object(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _moment(text: object, window: Window | None) -> datetime | None:
    """When it was asked; without a window a line needs no time."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if window is None:
        return moment
    if moment is None:
        raise _LostError(NO_TIME)
    if not window.holds(moment):
        raise _LostError(OUTSIDE)
    return moment


def _request(captured: Mapping[str, Any], bodies: Bodies) -> Sequence[Row]:
    side = _object(captured, "endpointInput")
    if not side:
        raise _LostError(NO_CAPTURE)
    try:
        return _rows(side, bodies)
    except UnreadableError as reason:
        raise _LostError(f"request: {reason}") from reason


def _answer(
    captured: Mapping[str, Any], bodies: Bodies, rows: int
) -> tuple[Sequence[Row] | None, str]:
    """The answer's rows, or the reason why there are none."""
    side = _object(captured, "endpointOutput")
    if not side:
        return None, NO_ANSWER
    if _is_refusal(side, bodies):
        return None, REFUSED
    try:
        answers = _rows(side, bodies)
    except UnreadableError as reason:
        return None, f"{ANSWER_LOST}{reason}"
    return (None, ROWS_DIFFER) if len(answers) != rows else (answers, "")


def _is_refusal(side: Mapping[str, Any], bodies: Bodies) -> bool:
    if bodies.has_field(*_ERROR):
        return False
    try:
        content = json.loads(_body(side))
    except (UnreadableError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.keys() == _ERROR


def _rows(side: Mapping[str, Any], bodies: Bodies) -> Sequence[Row]:
    body, kind = _body(side), side.get("observedContentType")
    if not isinstance(kind, str):
        # Without a type the encoding tells, which names one of the two.
        kind = "text/csv" if side["encoding"] == "CSV" else "application/json"
    return bodies.rows(body, kind)


def _body(side: Mapping[str, Any]) -> bytes | str:
    data, encoding = side.get("data"), side.get("encoding")
    if not isinstance(data, str):
        raise UnreadableError("no data")
    if encoding == "BASE64":
        return _decoded(data)
    if encoding not in ("CSV", "JSON"):
        raise UnreadableError("encoding is none of CSV, JSON, BASE64")
    return data


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError("no base64") from error
