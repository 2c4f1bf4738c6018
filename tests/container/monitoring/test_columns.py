from collections import Counter
from typing import Any

from mlops.container.monitoring.capture import DUPLICATE, Record
from mlops.container.monitoring.columns import batches, columns_of
from mlops.container.monitoring.duplicates import SeenEvents
from mlops.container.monitoring.schema import Schema


def _record(event: str, rows: int = 1) -> Record:
    inputs = [{"hour": n} for n in range(rows)]
    return Record(event=event, key=event, time=None, inputs=inputs, outputs=None)


def test_rows_become_columns_that_remember_their_requests(schema: Schema) -> None:
    requests: Any = [[{"hour": 1}, {"hour": 2, "weekday": "Mon"}], [], [{"hour": None}]]

    columns = columns_of(schema.input, requests)

    assert columns.rows == 3
    assert columns.requests.tolist() == [0, 0, 2]
    assert columns.values["hour"] == [1, 2, None]
    assert columns.values["weekday"] == [None, "Mon", None]
    assert columns.absent == {"temperature": 3, "hour": 0, "weekday": 2, "holiday": 3}


def test_columns_that_are_no_fields_are_counted_by_name_and_bounded(schema: Schema) -> None:
    row = {"hour": 1} | {f"x{n:03}": 1 for n in range(300)}

    columns = columns_of(schema.input, [[row], [row, {"hour": 1, "x000": 2}]])

    assert columns.extra["x000"] == 3
    assert columns.extra["x001"] == 2
    assert len(columns.extra) == 100


def test_batches_hold_whole_requests_and_about_as_many_rows_as_asked() -> None:
    counts: Counter[str] = Counter()
    records = [_record(f"e{n}", rows=3) for n in range(5)]

    found = list(batches(records, SeenEvents(), counts, rows=6))

    assert [[record.event for record in batch] for batch in found] == [
        ["e0", "e1"], ["e2", "e3"], ["e4"],
    ]  # fmt: skip


def test_an_event_that_comes_again_is_left_out_in_its_batch_and_in_later_ones() -> None:
    counts: Counter[str] = Counter()
    records = [_record("a"), _record("a"), _record("b"), _record("a"), _record("c")]

    found = [record.event for batch in batches(records, SeenEvents(), counts, rows=2)
             for record in batch]  # fmt: skip

    assert found == ["a", "b", "c"]
    assert counts == {DUPLICATE: 2}
