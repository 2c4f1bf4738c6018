"""Parallel tests: what takes longest begins first, and no place is torn apart."""

from dataclasses import dataclass
from pathlib import Path

from tests.conftest import FIRST, ONE_WORKER, SPREAD, in_order

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Item:
    nodeid: str


def test_the_longest_places_come_first_then_those_with_the_most_tests_then_single_ones() -> None:
    spread = sorted(SPREAD)[0]
    names = [
        "tests/a/test_small.py::test_one",
        f"{spread}::test_one",
        "tests/a/test_large.py::test_one",
        "tests/a/test_large.py::test_two",
        f"{spread}::test_two",
        "tests/rehearsal/drift/test_year.py::test_one",
    ]

    found = [item.nodeid for item in in_order([Item(name) for name in names])]

    assert found == [names[5], names[2], names[3], names[0], names[1], names[4]]


def test_every_place_that_is_named_is_there() -> None:
    assert set(FIRST) <= set(ONE_WORKER.values())
    assert [path for path in (*ONE_WORKER, *SPREAD) if not (ROOT / path).exists()] == []
