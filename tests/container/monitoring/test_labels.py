import json
from collections import Counter
from typing import Any

import pytest

from mlops.container.monitoring import Labels, Outcome, read_labels
from mlops.container.monitoring import labels as words

OUTCOME = Outcome(problem="regression", prediction="demand")


def _line(data: Any, key: Any = "a", encoding: str = "CSV") -> bytes:
    content = {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": key},
        "eventVersion": "0",
    }
    return json.dumps(content).encode() + b"\n"


def _read(*lines: bytes) -> tuple[Labels, Counter[str]]:
    counts: Counter[str] = Counter()
    return read_labels(lines, OUTCOME, counts), +counts


def _values(*lines: bytes) -> list[str]:
    return [str(value) for value in _read(*lines)[0].by_key["a"]]


@pytest.mark.parametrize(
    ("data", "encoding", "values"),
    [
        ("1", "CSV", ["1.0"]),
        ("1\n2\n", "CSV", ["1.0", "2.0"]),
        ("1,2", "CSV", ["1.0", "2.0"]),
        ("1,,3", "CSV", ["1.0", "nan", "3.0"]),
        ("[1, null]", "JSON", ["1.0", "nan"]),
        ("7", "JSON", ["7.0"]),
        ([1, 2.5], "CSV", ["1.0", "2.5"]),
        (4, "JSON", ["4.0"]),
    ],
)
def test_labels_of_one_row_or_many_are_read(data: Any, encoding: str, values: list[str]) -> None:
    assert _values(_line(data, encoding=encoding)) == values


def test_of_two_deliveries_the_last_one_wins_and_a_contradiction_is_told() -> None:
    read, counts = _read(_line("1"), _line("1"), _line("2"), _line("5", key="b"))

    assert read.by_key == {"a": (2.0,), "b": (5.0,)}
    assert counts == {words.REPEATED: 1, words.CONTRADICTED: 1}


def test_a_label_that_arrives_in_parts_replaces_the_unknown() -> None:
    read, counts = _read(_line("[1, null]", encoding="JSON"), _line("[1, 4]", encoding="JSON"))

    assert read.by_key["a"] == (1.0, 4.0)
    assert counts == {words.CONTRADICTED: 1}


def test_unknown_values_of_two_equal_deliveries_are_equal() -> None:
    assert _read(_line("1,"), _line("1,"))[1] == {words.REPEATED: 1}


@pytest.mark.parametrize(
    "line",
    [b"{\n", b"[]\n", b'{"eventMetadata": {}}\n', _line("1", key=7), _line("", encoding="JSON"),
     _line([]), b'{"groundTruthData": 1, "eventMetadata": {"eventId": "a"}}\n'],
)  # fmt: skip
def test_a_line_that_is_no_label_is_counted(line: bytes) -> None:
    read, counts = _read(line, b"\n", _line("1", key="b"))

    assert read.by_key == {"b": (1.0,)}
    assert counts == {words.UNREADABLE: 1}


def test_a_value_that_is_no_label_counts_as_unknown() -> None:
    assert _values(_line("1,x")) == ["1.0", "nan"]
    assert _read(_line("1,x"))[1] == {words.UNKNOWN_VALUE: 1}
