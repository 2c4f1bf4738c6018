import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlops.container.monitoring import Groups, MonitoringError, Outcome, Schema, Verdict
from mlops.container.monitoring.bias import (
    gaps,
    held_out_rates,
    merged_rates,
    opportunities,
    rates_from_json,
    rates_to_json,
)
from mlops.container.monitoring.capture import Record
from mlops.container.monitoring.truth import Coverage, Scored

OUTCOME = Outcome(problem="binary-classification", prediction="demand", positive=True)
Rates = Callable[..., Any]


@pytest.fixture
def groups(schema: Schema) -> Groups:
    return Groups.of(schema, ["weekday"])


def _rates(groups: Groups, weekday: list[str | None], hits: list[bool]) -> Any:
    return groups.rates({"weekday": weekday}, np.array(hits), np.arange(len(hits)))


def _split(mon: tuple[int, int], tue: tuple[int, int]) -> tuple[list[str | None], list[bool]]:
    """Hits and misses of two groups."""
    days: list[str | None] = ["Mon"] * sum(mon) + ["Tue"] * sum(tue)
    return days, [True] * mon[0] + [False] * mon[1] + [True] * tue[0] + [False] * tue[1]


def test_a_groups_rate_stands_beside_everyone_elses(groups: Groups) -> None:
    rates = _rates(groups, *_split((80, 20), (50, 50)))

    found = {gap.group: gap for gap in gaps("demographic_parity", rates, 0.1)}

    assert set(found) == {"Mon", "Tue"}
    assert found["Mon"].rate.value == 0.8
    assert found["Mon"].others.value == 0.5
    assert found["Mon"].gap.value == pytest.approx(0.3)
    assert found["Tue"].gap.value == pytest.approx(-0.3)


@pytest.mark.parametrize(
    ("mon", "tue", "verdict"),
    [
        ((80, 20), (50, 50), Verdict.ALARM),
        ((500, 500), (505, 495), Verdict.QUIET),
        ((60, 40), (50, 50), Verdict.INCONCLUSIVE),
        ((20, 80), (50, 50), Verdict.ALARM),
    ],
)
def test_a_gap_alarms_only_if_its_whole_interval_is_beyond_the_tolerance(
    groups: Groups, mon: tuple[int, int], tue: tuple[int, int], verdict: Verdict
) -> None:
    rates = _rates(groups, *_split(mon, tue))

    assert {gap.verdict for gap in gaps("demographic_parity", rates, 0.1)} == {verdict}


def test_a_gap_that_was_released_is_no_news(groups: Groups) -> None:
    rates = _rates(groups, *_split((800, 200), (300, 700)))

    found = list(gaps("demographic_parity", rates, 0.1, released=rates))

    assert {gap.verdict for gap in found} == {Verdict.QUIET}
    assert [(gap.gap, gap.widened.value) for gap in found] == [(g.released, 0.0) for g in found]


@pytest.mark.parametrize(
    ("mon", "tue", "verdict"),
    [
        ((950, 50), (200, 800), Verdict.ALARM),
        ((700, 300), (400, 600), Verdict.QUIET),
        ((880, 120), (270, 730), Verdict.INCONCLUSIVE),
        # The other side is ahead now, by as much.
        ((300, 700), (800, 200), Verdict.QUIET),
        ((100, 900), (900, 100), Verdict.ALARM),
    ],
    ids=["wider", "narrower", "hardly wider", "turned", "turned and wider"],
)
def test_a_gap_alarms_if_it_is_wider_than_at_release_by_more_than_the_tolerance(
    groups: Groups, mon: tuple[int, int], tue: tuple[int, int], verdict: Verdict
) -> None:
    released = _rates(groups, *_split((800, 200), (300, 700)))
    rates = _rates(groups, *_split(mon, tue))

    found = gaps("demographic_parity", rates, 0.1, released=released)

    assert {gap.verdict for gap in found} == {verdict}


def test_how_sure_the_released_gap_is_counts_as_well(groups: Groups) -> None:
    few, many = (_rates(groups, *_split((6 * n, 4 * n), (5 * n, 5 * n))) for n in (5, 500))
    rates = _rates(groups, *_split((8000, 2000), (5000, 5000)))

    unsure, sure = (next(gaps("demographic_parity", rates, 0.1, released=r)) for r in (few, many))

    assert (unsure.verdict, sure.verdict) == (Verdict.INCONCLUSIVE, Verdict.ALARM)
    assert unsure.widened.value == pytest.approx(sure.widened.value) == pytest.approx(0.2)


def test_a_group_that_had_few_rows_at_release_is_judged_by_its_whole_gap(groups: Groups) -> None:
    released = _rates(groups, *_split((10, 10), (500, 500)))
    rates = _rates(groups, *_split((900, 100), (500, 500)))

    found = {g.group: g for g in gaps("demographic_parity", rates, 0.1, released=released)}

    assert found["Mon"].released is None
    assert found["Mon"].widened.value == pytest.approx(0.4)
    assert found["Mon"].verdict is Verdict.ALARM


def test_held_out_rows_give_the_rates_that_their_window_would_give(groups: Groups) -> None:
    weekday: list[str | None] = ["Mon", "Mon", "Tue", "Tue", None, "Mon"]
    said, truth = np.array([1.0, 0, 1, np.nan, 1, 0]), np.array([1.0, 1, 0, 1, 1, np.nan])

    rates = held_out_rates(groups, {"weekday": weekday}, said, truth)

    parity, opportunity = rates["demographic_parity"], rates["equal_opportunity"]
    assert parity["weekday", "Mon"].inside.counts.tolist() == [1, 2]
    assert parity["weekday", "Mon"].outside.counts.tolist() == [1, 0]
    assert opportunity["weekday", "Mon"].inside.counts.tolist() == [1, 1]
    assert opportunity["weekday", "Tue"].inside.rows == 0


def test_rates_are_read_as_they_were_written(groups: Groups) -> None:
    rates = {"demographic_parity": _rates(groups, *_split((80, 20), (50, 50)))}

    entries = rates_to_json(rates)
    read = rates_from_json(json.loads(json.dumps(entries)))

    assert rates_to_json(read) == entries
    assert read["demographic_parity"]["weekday", "Mon"].inside.design_effect == 1.0


@pytest.mark.parametrize(
    "change", [{"measure": "other"}, {"inside": [1]}, {"inside": [-1, 2]}, {"outside": None}]
)
def test_rates_that_are_none_are_refused(groups: Groups, change: dict[str, Any]) -> None:
    (first, *_) = rates_to_json({"demographic_parity": _rates(groups, ["Mon"], [True])})

    with pytest.raises((KeyError, TypeError, ValueError)):
        rates_from_json([first | change])


def test_a_group_of_few_rows_is_not_compared_and_nobody_is_not_a_group(groups: Groups) -> None:
    rates = _rates(groups, ["Mon"] * 29 + ["Tue"] * 60 + [None] * 500, [True] * 589)

    assert [gap.group for gap in gaps("demographic_parity", rates, 0.1)] == []
    assert rates["weekday", "Tue"].outside.rows == 29


def test_parts_of_a_window_merge_to_its_rates(groups: Groups) -> None:
    days, hits = _split((30, 10), (20, 20))
    whole = _rates(groups, days, hits)

    parts = merged_rates(_rates(groups, days[:33], hits[:33]), _rates(groups, days[33:], hits[33:]))

    for key in whole:
        assert parts[key].inside.counts.tolist() == whole[key].inside.counts.tolist()
        assert parts[key].outside.counts.tolist() == whole[key].outside.counts.tolist()
    assert merged_rates({}, whole) == whole


def test_predictions_are_counted_over_all_answered_rows(groups: Groups) -> None:
    def record(day: str, answers: list[Any] | None) -> Record:
        outputs = None if answers is None else [{"demand": answer} for answer in answers]
        rows = [{"weekday": day}] * (1 if answers is None else len(answers))
        return Record(event=day, key=day, time=None, inputs=rows, outputs=outputs)

    batch = [record("Mon", [True, False]), record("Tue", [True, "?"]), record("Wed", None)]

    rates = groups.predicted(batch, OUTCOME)

    assert rates["weekday", "Mon"].inside.counts.tolist() == [1, 1]
    assert rates["weekday", "Tue"].inside.counts.tolist() == [1, 0]
    assert rates["weekday", "Wed"].inside.rows == 0
    assert rates["weekday", "Mon"].inside.requests == 1


def test_opportunity_looks_at_those_who_have_it(groups: Groups) -> None:
    scored = Scored(
        truth=np.array([1.0, 1, 0, 0, 1]), prediction=np.array([1.0, 0, 1, 1, 1]),
        probability=np.zeros(5), low=np.zeros(5), high=np.zeros(5), requests=np.arange(5),
        groups={"weekday": ["Mon", "Mon", "Mon", "Tue", "Tue"]},
        coverage=Coverage(answered_rows=5, labelled_rows=5, misfits=0, unmatched=0),
    )  # fmt: skip

    rates = opportunities(groups, scored)

    assert rates["weekday", "Mon"].inside.counts.tolist() == [1, 1]
    assert rates["weekday", "Mon"].outside.counts.tolist() == [1, 0]


def test_rows_of_one_request_make_a_gap_less_sure(groups: Groups) -> None:
    days, hits = _split((40, 10), (10, 40))
    many = [day for day in days for _ in range(10)]
    hit = np.array([h for h in hits for _ in range(10)])

    alone = groups.rates({"weekday": many}, hit, np.arange(1000))
    together = groups.rates({"weekday": many}, hit, np.arange(1000) // 10)

    (narrow, *_), (wide, *_) = (
        list(gaps("demographic_parity", rates, 0.1)) for rates in (alone, together)
    )
    assert wide.gap.high - wide.gap.low > 2.5 * (narrow.gap.high - narrow.gap.low)


def test_a_boolean_field_makes_two_groups(schema: Schema) -> None:
    assert Groups.of(schema, ["holiday"]).values == {"holiday": ("false", "true")}


@pytest.mark.parametrize("name", ["temperature", "demand", "nothing"])
def test_a_field_without_known_values_makes_no_groups(schema: Schema, name: str) -> None:
    with pytest.raises(MonitoringError, match=f"groups names {name}; allowed: a field"):
        Groups.of(schema, [name])
