import base64
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring import PROBE_PREFIX, Schema, Window
from mlops.container.monitoring import capture as captures
from mlops.container.monitoring.capture import Record, records

Line = Callable[..., bytes]
ROOT = Path(__file__).resolve().parents[3]


def _read(schema: Schema, *lines: bytes, **options: Any) -> tuple[list[Record], Counter[str]]:
    counts: Counter[str] = Counter()
    return list(records(lines, schema, counts, **options)), counts


def test_a_captured_request_becomes_a_record(schema: Schema, capture: Line) -> None:
    (record,), counts = _read(schema, capture())

    assert record.event == record.key == "event-1"
    assert record.time == datetime(2026, 11, 2, 10, 15, tzinfo=UTC)
    assert record.inputs[0]["hour"] == 7
    assert record.outputs == [{"demand": 80.5}]
    assert not counts


def test_the_example_of_the_developer_guide_is_read() -> None:
    # Documented with `text/csv; charset=utf-8`, bare cells and a trailing line end.
    fields = [{"name": f"f{n}", "type": "number"} for n in range(3)]
    schema = Schema.read(
        {"schema": {"input": fields, "output": [{"name": "score", "type": "number"}]}}
    )
    line = json.dumps(
        {
            "captureData": {
                "endpointInput": {
                    "observedContentType": "text/csv", "mode": "INPUT",
                    "data": "132,25,113.2\n", "encoding": "CSV",
                },
                "endpointOutput": {
                    "observedContentType": "text/csv; charset=utf-8", "mode": "OUTPUT",
                    "data": "0.01076381653547287", "encoding": "CSV",
                },
            },
            "eventMetadata": {
                "eventId": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                "inferenceTime": "2022-02-14T17:25:49Z",
            },
            "eventVersion": "0",
        }
    )  # fmt: skip

    (record,), _ = _read(schema, line.encode())

    assert record.inputs == [{"f0": 132.0, "f1": 25.0, "f2": 113.2}]
    assert record.outputs == [{"score": 0.01076381653547287}]


def test_the_callers_inference_id_joins_labels_before_the_event_id(
    schema: Schema, capture: Line
) -> None:
    (record,), _ = _read(schema, capture(inference_id="order-7"))

    assert (record.event, record.key) == ("event-1", "order-7")


def test_probes_are_left_out_and_counted(schema: Schema, capture: Line) -> None:
    found, counts = _read(schema, capture(inference_id=f"{PROBE_PREFIX}1"), capture())

    assert len(found) == 1
    assert counts == {captures.PROBE: 1}


def test_the_probe_prefix_is_the_probers_own() -> None:
    sources = [*(ROOT / "constructs").rglob("*.py"), *(ROOT / "mlops" / "rollout").rglob("*.py")]
    defined = {
        found[1]
        for source in sources
        if (found := re.search(r'^PROBE_PREFIX: Final = "(.+)"$', source.read_text(), re.M))
    }

    assert defined == {PROBE_PREFIX}


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
def test_base64_is_unpacked_by_its_content_type(
    schema: Schema, capture: Line, encoding: str
) -> None:
    body = json.dumps({"hour": 3, "weekday": "Tue"})
    data = base64.b64encode(body.encode()).decode() if encoding == "BASE64" else body
    asked = {"observedContentType": "application/json", "data": data, "encoding": encoding}

    (record,), _ = _read(schema, capture(sides={"endpointInput": asked}))

    assert record.inputs == [{"hour": 3, "weekday": "Tue"}]


@pytest.mark.parametrize(("encoding", "data"), [("CSV", "hour\n3\n"), ("JSON", '{"hour": 3}')])
def test_without_a_content_type_the_encoding_tells(
    schema: Schema, capture: Line, encoding: str, data: str
) -> None:
    asked = {"data": data, "encoding": encoding}

    (record,), _ = _read(schema, capture(sides={"endpointInput": asked}))

    assert record.inputs == [{"hour": 3}]


@pytest.mark.parametrize(
    ("sides", "reason"),
    [
        ({"endpointInput": None}, captures.NO_CAPTURE),
        ({"endpointInput": {"encoding": "JSON"}}, "request: no data"),
        ({"endpointInput": {"data": "{}", "encoding": "XML"}}, "request: encoding is none of"),
        ({"endpointInput": {"data": "?", "encoding": "BASE64"}}, "request: no base64"),
        ({"endpointInput": {"data": "/w==", "encoding": "BASE64"}}, "request: no UTF-8 text"),
        ({"endpointInput": {"data": "{", "encoding": "JSON"}}, "request: not JSON"),
    ],
)
def test_a_line_without_a_readable_request_is_lost_for_a_reason(
    schema: Schema, capture: Line, sides: dict[str, Any], reason: str
) -> None:
    found, counts = _read(schema, capture(sides=sides))

    assert found == []
    ((counted, times),) = counts.items()
    assert counted.startswith(reason)
    assert times == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{]\n", captures.NOT_JSON),
        (b"\xff\xfe\n", captures.NOT_JSON),
        (b'{"captureData": {', captures.CUT_LINE),
        (b"[1]\n", captures.NO_CAPTURE),
        (b'{"captureData": {}, "eventMetadata": {}}\n', captures.NO_ID),
        (b'{"captureData": 1, "eventMetadata": {"eventId": "a"}}\n', captures.NO_CAPTURE),
        (b'{"eventMetadata": {"eventId": 7}}\n', captures.NO_ID),
    ],
)
def test_a_broken_line_is_counted_and_the_next_one_read(
    schema: Schema, capture: Line, line: bytes, reason: str
) -> None:
    found, counts = _read(schema, line, b"  \n", capture())

    assert len(found) == 1
    assert counts == {reason: 1}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"error": "no"}, captures.REFUSED),
        ({"message": "no"}, "answer: no field of the contract"),
        ([{"demand": 1}, {"demand": 2}], captures.ROWS_DIFFER),
        ([], "answer: no row"),
    ],
)
def test_an_unusable_answer_is_counted_and_its_request_kept(
    schema: Schema, capture: Line, answer: Any, reason: str
) -> None:
    (record,), counts = _read(schema, capture(answer=answer))

    assert record.outputs is None
    assert record.inputs
    assert counts == {reason: 1}


def test_a_capture_of_requests_alone_is_used(schema: Schema, capture: Line) -> None:
    (record,), counts = _read(schema, capture(sides={"endpointOutput": None}))

    assert record.outputs is None
    assert counts == {captures.NO_ANSWER: 1}


def test_a_window_takes_its_start_and_not_its_end(schema: Schema, capture: Line) -> None:
    window = Window(
        start=datetime(2026, 11, 2, 10, tzinfo=UTC), end=datetime(2026, 11, 2, 11, tzinfo=UTC)
    )
    times = ("2026-11-02T10:00:00Z", "2026-11-02T10:59:59Z", "2026-11-02T11:00:00Z",
             "2026-11-02T12:30:00+02:00", "2026-11-02T09:59:59")  # fmt: skip
    lines = [capture(event=f"e{n}", time=time) for n, time in enumerate(times)]

    found, counts = _read(schema, *lines, window=window)

    assert [record.event for record in found] == ["e0", "e1", "e3"]
    assert counts == {captures.OUTSIDE: 2}


@pytest.mark.parametrize("time", [None, "yesterday"])
def test_a_line_without_a_time_is_lost_to_a_window_only(
    schema: Schema, capture: Line, time: str | None
) -> None:
    window = Window(start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC))

    assert _read(schema, capture(time=time), window=window)[1] == {captures.NO_TIME: 1}
    assert len(_read(schema, capture(time=time))[0]) == 1


@given(cut=st.integers(0, 700), flip=st.integers(0, 255))
def test_no_damage_to_a_line_is_fatal(cut: int, flip: int) -> None:
    schema = Schema.read(
        {
            "schema": {
                "input": [{"name": "hour", "type": "integer"}],
                "output": [{"name": "demand", "type": "number"}],
            }
        }
    )
    whole = {
        "captureData": {
            "endpointInput": {"data": '{"hour": 1}', "encoding": "JSON"},
            "endpointOutput": {"data": "MQ==", "encoding": "BASE64"},
        },
        "eventMetadata": {"eventId": "a", "inferenceTime": "2026-11-02T10:00:00Z"},
    }
    line = bytearray(json.dumps(whole).encode())
    place = min(cut, len(line) - 1)

    found, counts = _read(schema, bytes(line[:place]), bytes(line[:place] + bytes([flip])))

    assert len(found) + sum(counts.values()) >= (2 if place else 0)
