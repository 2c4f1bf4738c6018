from collections.abc import Callable
from typing import Any

import pytest

from mlops.container.monitoring import Baseline, Settings, observe
from mlops.container.monitoring.quality import Breach, breaches

Line = Callable[..., bytes]
ROW = {"temperature": 12.5, "hour": 7, "weekday": "Mon", "holiday": False}


@pytest.fixture
def found(baseline: Baseline, capture: Line) -> Callable[..., list[Breach]]:
    """The breaches of a window of good rows and some bad ones."""

    def judged(good: int, bad: int, **change: Any) -> list[Breach]:
        rows = [ROW] * good + [_with(change)] * bad
        answers = [{"demand": 80.0}] * len(rows)
        summary = observe([capture(rows, answers)], baseline).summary
        return breaches(summary, baseline.schema, Settings())

    return judged


def _with(change: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (ROW | change).items() if value != "absent"}


def test_rows_that_keep_the_contract_are_no_breach(found: Callable[..., list[Breach]]) -> None:
    assert found(200, 0) == []
    assert found(0, 200, temperature=None) == []


@pytest.mark.parametrize(
    ("change", "field", "kind"),
    [
        ({"hour": "7"}, "hour", "type"),
        ({"hour": 99}, "hour", "range"),
        ({"weekday": "Sun"}, "weekday", "allowed"),
        ({"holiday": None}, "holiday", "null"),
        ({"colour": "red"}, "colour", "extra column"),
    ],
)
def test_each_kind_of_breach_is_named(
    found: Callable[..., list[Breach]], change: dict[str, Any], field: str, kind: str
) -> None:
    (breach,) = found(150, 50, **change)

    assert (breach.field, breach.kind, breach.rows) == (field, kind, 50)
    assert breach.share == 0.25
    assert breach.text.startswith(f"{kind}: 50 rows (25.0%)")


def test_values_at_fault_are_shown(found: Callable[..., list[Breach]]) -> None:
    (breach,) = found(10, 10, weekday="Sun")

    assert breach.examples == ("'Sun'",)
    assert breach.text.endswith("such as 'Sun'")


@pytest.mark.parametrize("name", ["hour", "temperature"])
def test_a_column_that_is_gone_is_one_breach_and_not_a_null_too(
    found: Callable[..., list[Breach]], name: str
) -> None:
    (breach,) = found(0, 200, **{name: "absent"})

    assert (breach.field, breach.kind) == (name, "missing column")


def test_some_rows_without_an_optional_column_are_allowed(
    found: Callable[..., list[Breach]],
) -> None:
    assert found(100, 100, temperature="absent") == []


def test_what_lies_within_the_tolerance_or_could_by_chance_is_no_breach(
    found: Callable[..., list[Breach]],
) -> None:
    assert found(999, 1, hour=99) == []
    assert found(19, 1, hour=99) == []
    assert [breach.kind for breach in found(900, 100, hour=99)] == ["range"]
