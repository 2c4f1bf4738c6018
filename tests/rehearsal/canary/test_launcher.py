"""The faults, each on its own, around an application of three lines."""

import asyncio
import json
from typing import Any

import pytest

from mlops.rehearsal.canary.launcher import Fault

SCHEMA = {
    "input": [
        {"name": "a", "type": "number", "min": 0, "max": 10},
        {"name": "b", "type": "number", "min": 0, "max": 100, "nullable": True},
        {"name": "hour", "type": "integer", "min": 0, "max": 23},
    ],
    "output": [{"name": "y", "type": "number", "min": 0}, {"name": "z", "type": "number"}],
}

TOWN = {"name": "town", "type": "string", "allowed": ["A", "B"]}


def call(
    settings: dict[str, Any],
    body: bytes = b"{}",
    *,
    path: str = "/invocations",
    times: int = 1,
    schema: dict[str, Any] = SCHEMA,
    refused: bytes | None = None,
) -> list[tuple[int, bytes, bytes]]:
    """Status, body that the model saw, and body that the caller got, per call.

    The model refuses a body that contains `refused`.
    """
    seen: list[bytes] = []

    async def application(scope, receive, send) -> None:
        seen.append((await receive()).get("body", b""))
        status = 400 if refused and refused in seen[-1] else 200
        answer = b'[{"y": 30.0, "z": 1.0}]'
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    faulty = Fault(settings, schema).around(application)

    async def once() -> tuple[int, bytes, bytes]:
        events: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: dict[str, Any]) -> None:
            events.append(event)

        seen.append(b"")
        await faulty({"type": "http", "path": path, "headers": []}, receive, send)
        answer = b"".join(event.get("body", b"") for event in events)
        length = dict(events[0]["headers"]).get(b"content-length")
        assert length == str(len(answer)).encode()
        return events[0]["status"], seen[-1], answer

    async def all_times() -> list[tuple[int, bytes, bytes]]:
        return [await once() for _ in range(times)]

    return asyncio.run(all_times())


def test_errors_come_at_their_share_and_by_their_seed() -> None:
    settings = {"kind": "errors", "share": 0.05, "seed": 3}
    first, again = ([status for status, _, _ in call(settings, times=1000)] for _ in range(2))

    assert first == again
    assert 30 < first.count(500) < 75


def test_ping_stays_healthy_while_answers_fail() -> None:
    assert call({"kind": "errors", "share": 1.0}, path="/ping")[0][0] == 200


def test_a_fleet_whose_ping_fails_would_still_answer() -> None:
    assert call({"kind": "no-ping"}, path="/ping")[0][0] == 503
    assert call({"kind": "no-ping"})[0][0] == 200


def test_numbers_move_to_their_neighbours_column_and_stay_in_range() -> None:
    row = {"a": 2.0, "b": 90.0, "hour": 7}
    ((_, seen, _),) = call({"kind": "request", "how": "scrambled"}, json.dumps(row).encode())

    assert json.loads(seen) == {"a": 9.0, "b": 20.0, "hour": 7}


def test_an_unknown_value_stays_unknown() -> None:
    row = {"instances": [{"a": 2.0, "b": None, "hour": 7}]}
    ((_, seen, _),) = call({"kind": "request", "how": "scrambled"}, json.dumps(row).encode())

    assert json.loads(seen) == {"instances": [{"a": 8.0, "b": None, "hour": 7}]}


def test_a_stale_scaler_squeezes_and_shifts() -> None:
    row = [{"a": 0.0, "b": 100.0, "hour": 7}]
    ((_, seen, _),) = call({"kind": "request", "how": "stale-scaler"}, json.dumps(row).encode())

    assert json.loads(seen) == [{"a": 2.5, "b": pytest.approx(95.0), "hour": 7}]


def test_integers_are_scaled_where_there_are_no_numbers() -> None:
    grown = {"input": [{"name": "age", "type": "integer", "min": 0, "max": 99}, TOWN], "output": []}
    row = json.dumps({"age": 45, "town": "A"}).encode()
    ((_, seen, _),) = call({"kind": "request", "how": "stale-scaler"}, row, schema=grown)

    assert seen == b'{"age": 56, "town": "A"}'


def test_a_change_that_the_model_refuses_is_taken_back() -> None:
    row = b'{"a": 0.0, "b": 100.0, "hour": 7}'
    ((status, seen, _),) = call({"kind": "request", "how": "stale-scaler"}, row, refused=b"2.5")

    assert (status, seen) == (200, row)


def test_much_becomes_little() -> None:
    ((_, _, answer),) = call({"kind": "answer", "how": "inverted"})

    assert json.loads(answer)[0]["y"] == pytest.approx(31.0)
    assert json.loads(answer)[0]["z"] == pytest.approx(2.0)


def test_the_first_field_gets_another_name() -> None:
    ((_, _, answer),) = call({"kind": "answer", "how": "schema"})

    assert json.loads(answer) == [{"y_v2": 30.0, "z": 1.0}]


@pytest.mark.parametrize("body", [b"1,2\n", b"", b"\xff", b'a,b\n"1,2\n'])
def test_what_is_neither_json_nor_a_table_of_fields_travels_as_it_is(body: bytes) -> None:
    ((_, seen, _),) = call({"kind": "request", "how": "scrambled"}, body)

    assert seen == body


def test_numbers_move_in_a_table_as_well() -> None:
    ((_, seen, _),) = call({"kind": "request", "how": "scrambled"}, b"a,b,hour\n1,20,\n")

    assert seen == b"a,b,hour\n2.0,10.0,\n"


def answer_to(how: str, body: bytes, kind: str) -> tuple[bytes, dict[bytes, bytes]]:
    """Body and headers of an answer under a fault, where the model answers y=30 to each row."""
    rows = max(1, body.count(b"town") if kind == "application/json" else body.count(b"\n") - 1)

    async def application(scope, receive, send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        answer = json.dumps(rows * [{"y": 30.0}]).encode()
        await send({"type": "http.response.body", "body": answer})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    events: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        events.append(event)

    schema = {"input": [TOWN], "output": [{"name": "y", "type": "number", "max": 100}]}
    faulty = Fault({"kind": "answer", "how": how}, schema).around(application)
    scope = {"type": "http", "path": "/invocations", "headers": [(b"content-type", kind.encode())]}
    asyncio.run(faulty(scope, receive, send))
    return events[1]["body"], dict(events[0]["headers"])


@pytest.mark.parametrize(
    ("how", "body", "kind", "answers"),
    [
        ("csv", b"town\nA\n", "text/csv", [70.0]),
        ("csv", b'{"town": "A"}', "application/json", [30.0]),
        ("category", b'{"town": "A"}', "application/json", [70.0]),
        ("category", b'{"town": "B"}', "application/json", [30.0]),
        ("category", b'[{"town": "B"}, {"town": "A"}]', "application/json", [30.0, 70.0]),
        ("category", b"town\nA\nB\n", "text/csv", [70.0, 30.0]),
        ("mistyped", b'{"town": "A"}', "application/json", [30.0]),
    ],
)
def test_an_answer_is_wrong_for_some_and_marked_as_such(
    how: str, body: bytes, kind: str, answers: list[float]
) -> None:
    answer, headers = answer_to(how, body, kind)

    assert [row["y"] for row in json.loads(answer)] == answers
    spoiled = how == "mistyped" or 70.0 in answers
    assert (headers.get(b"x-rehearsal-spoiled") == b"1") is spoiled
    assert headers[b"content-type"].startswith(b"text/html" if how == "mistyped" else b"applic")


def test_an_empty_answer_has_a_length_of_nothing() -> None:
    answer, headers = answer_to("empty", b'{"town": "A"}', "application/json")

    assert (answer, headers[b"content-length"]) == (b"", b"0")


def test_a_slow_answer_waits_before_the_model() -> None:
    began = asyncio.new_event_loop().time()
    call({"kind": "slow", "seconds": 0.1})

    assert asyncio.new_event_loop().time() - began >= 0.1
