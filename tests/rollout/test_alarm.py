import math
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import Alarm, Comparison, MissingData, Point, State, Watch, evaluate, history

# CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data": both tables.
# Newest point on the right; 0 fine, X breaching, - missing. Columns: M of N | points | then the
# state under missing, ignore, breaching, notBreaching.
TABLE = """
3 of 3 | 0 - X - X | OK                | OK    | OK    | OK
3 of 3 | 0 - - - - | OK                | OK    | OK    | OK
3 of 3 | - - - - - | INSUFFICIENT_DATA | kept  | ALARM | OK
3 of 3 | 0 X X - X | ALARM             | ALARM | ALARM | ALARM
3 of 3 | - - X - - | ALARM             | kept  | ALARM | OK
2 of 3 | 0 - X - X | ALARM             | ALARM | ALARM | ALARM
2 of 3 | 0 0 X 0 X | ALARM             | ALARM | ALARM | ALARM
2 of 3 | 0 - X - - | OK                | OK    | ALARM | OK
2 of 3 | - - - - 0 | OK                | OK    | ALARM | OK
2 of 3 | - - - X - | ALARM             | kept  | ALARM | OK
"""
ROWS = [[cell.strip() for cell in row.split("|")] for row in TABLE.strip().splitlines()]
VALUES = {"0": Point(value=0.0), "X": Point(value=1.0), "-": None}
_checked = settings(max_examples=300)
RED = {State.OK: 0, State.INSUFFICIENT_DATA: 0, State.ALARM: 1}


def _points(text: str) -> list[Point | None]:
    return [VALUES[letter] for letter in text.replace(" ", "")]


def _alarm(m: int = 2, n: int = 3, missing: MissingData = MissingData.NOT_BREACHING) -> Alarm:
    return Alarm(evaluation_periods=n, datapoints_to_alarm=m, threshold=0.5, missing_data=missing)


@pytest.mark.parametrize("previous", State)
@pytest.mark.parametrize("column", range(4), ids=[kind.value for kind in MissingData])
@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_every_row_of_the_user_guides_tables(row: list[str], column: int, previous: State) -> None:
    m, n = (int(number) for number in row[0].split(" of "))
    expected = row[2 + column]

    state = evaluate(_alarm(m, n, list(MissingData)[column]), _points(row[1]), previous)

    assert state == (previous if expected == "kept" else State(expected))


@pytest.mark.parametrize("previous", State)
def test_one_bad_point_at_the_very_end_is_premature(previous: State) -> None:
    alarm = _alarm(3, 3, MissingData.MISSING)

    assert evaluate(alarm, _points("- - - - X"), previous) is previous
    assert evaluate(alarm, _points("- - - X -"), previous) is previous
    assert evaluate(alarm, _points("- - X - -"), previous) is State.ALARM


def test_a_good_point_before_the_bad_ones_is_no_reason_to_alarm_early() -> None:
    assert evaluate(_alarm(3, 3, MissingData.MISSING), _points("0 - X - -"), State.OK) is State.OK


def test_a_point_outside_the_evaluation_range_is_forgotten() -> None:
    alarm = _alarm(1, 3)

    assert evaluate(alarm, _points("X - - - -"), State.OK) is State.ALARM
    assert evaluate(alarm, _points("X - - - - -"), State.ALARM) is State.OK


def test_with_enough_real_points_only_the_newest_n_decide() -> None:
    assert evaluate(_alarm(2, 3), _points("X X 0 0 X"), State.OK) is State.OK


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        (Comparison.GREATER, False, False, True),
        (Comparison.GREATER_OR_EQUAL, False, True, True),
        (Comparison.LESS, True, False, False),
        (Comparison.LESS_OR_EQUAL, True, True, False),
    ],
)
def test_a_comparison_breaches_on_its_side_of_the_threshold(
    comparison: Comparison, *, below: bool, at: bool, above: bool
) -> None:
    alarm = replace(_alarm(1, 1), comparison=comparison)

    found = [alarm.breaches(Point(value=value)) for value in (0.4, 0.5, 0.6)]

    assert found == [below, at, above]


def test_a_fresh_alarm_has_insufficient_data_and_an_updated_one_keeps_its_state() -> None:
    fresh = Watch(alarm=_alarm(1, 1, MissingData.IGNORE))
    red = fresh.after(_points("X"))
    rekeyed = red.updated(_alarm(2, 3, MissingData.IGNORE))

    assert fresh.state is State.INSUFFICIENT_DATA
    assert red.state is State.ALARM
    assert rekeyed.state is State.ALARM
    # Under `ignore` a re-keyed alarm stays red for as long as its new metric is silent.
    assert rekeyed.after([None, None, None]).state is State.ALARM


def test_a_history_has_a_state_after_every_point() -> None:
    states = history(_alarm(2, 3), _points("- 0 X X 0 0 0"))

    assert [state.value for state in states] == ["OK", "OK", "OK", "ALARM", "ALARM", "OK", "OK"]


@pytest.mark.parametrize("previous", State)
def test_a_thin_percentile_keeps_the_state_only_if_low_samples_are_not_evaluated(
    previous: State,
) -> None:
    waiting = replace(_alarm(2, 3), statistic="p99", evaluate_low_samples=False)
    thin = [Point(value=1.0, samples=333)] * 3
    enough = [*thin[:2], Point(value=1.0, samples=334)]

    assert evaluate(waiting, thin, previous) is previous
    assert evaluate(waiting, enough, previous) is State.ALARM
    assert evaluate(replace(waiting, evaluate_low_samples=True), thin, previous) is State.ALARM
    assert evaluate(replace(waiting, statistic="Average"), thin, previous) is State.ALARM
    assert evaluate(waiting, [None] * 3, previous) is State.OK


def test_samples_before_the_evaluation_period_do_not_make_a_percentile_significant() -> None:
    waiting = replace(_alarm(1, 1), statistic="p99", evaluate_low_samples=False)
    points = [Point(value=0.0, samples=5000), Point(value=1.0, samples=10)]

    assert evaluate(waiting, points, State.OK) is State.OK


@pytest.mark.parametrize(("m", "n"), [(0, 3), (4, 3), (1, 0)])
def test_an_alarm_that_needs_more_points_than_it_looks_at_is_refused(m: int, n: int) -> None:
    with pytest.raises(ValueError, match="datapoints_to_alarm"):
        _alarm(m, n)


# API reference of PutMetricAlarm, parameter Period, written down a second time: every period that
# it allows, the longest window in days, and the numbers of periods on both sides of that limit.
PERIODS = [10, 20, 30, *range(60, 7 * 86_400 + 1, 60)]


@_checked
@given(
    seconds=st.one_of(st.sampled_from(PERIODS), st.integers(-60, 7 * 86_400 + 120)),
    beyond=st.integers(-2, 2),
)
def test_an_alarm_is_refused_exactly_where_its_window_is(seconds: int, beyond: int) -> None:
    longest = 604_800 if seconds >= 3600 else 86_400
    periods = max(1, longest // max(1, seconds) + beyond)
    is_taken = seconds in PERIODS and seconds * periods <= longest

    if is_taken:
        assert _windowed(seconds, periods).evaluation_range == periods + 2
    else:
        with pytest.raises(ValueError, match="period"):
            _windowed(seconds, periods)


@pytest.mark.parametrize(
    ("seconds", "periods", "is_taken"),
    [
        (45, 1, False), (90, 1, False), (0, 1, False), (60, 1440, True), (60, 1441, False),
        (3540, 24, True), (3540, 25, False), (3600, 25, True), (3600, 168, True),
        (3600, 169, False), (86_400, 7, True), (86_400, 8, False), (604_800, 1, True),
    ],
)  # fmt: skip
def test_an_alarm_looks_back_a_day_or_seven_with_periods_of_an_hour(
    seconds: int, periods: int, *, is_taken: bool
) -> None:
    with nullcontext() if is_taken else pytest.raises(ValueError, match="period"):
        _windowed(seconds, periods)


def _windowed(seconds: int, periods: int) -> Alarm:
    return replace(_alarm(1, 1), period_seconds=seconds, evaluation_periods=periods)


@pytest.mark.parametrize("threshold", [math.nan, math.inf, -math.inf])
def test_a_threshold_is_a_finite_number(threshold: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        replace(_alarm(1, 1), threshold=threshold)


def test_an_unknown_statistic_is_refused_with_examples() -> None:
    with pytest.raises(ValueError, match=r"'Averge'; use one like .*Average.*p99"):
        replace(_alarm(1, 1), statistic="Averge")


def test_cloudwatchs_default_for_missing_data_is_the_default_here() -> None:
    plain = Alarm(evaluation_periods=1, datapoints_to_alarm=1, threshold=0)

    assert plain.missing_data is MissingData.MISSING


# Properties over everything that the tables leave out.

_windows = st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))
_outcomes = st.lists(st.sampled_from("0X-"), max_size=12).map(lambda text: _points("".join(text)))
_full = st.lists(st.sampled_from("0X"), min_size=1, max_size=12).map(
    lambda text: _points("".join(text))
)
_states = st.sampled_from(State)
_missing = st.sampled_from(MissingData)


@_checked
@given(window=_windows, points=_outcomes, previous=_states, treatment=_missing, data=st.data())
def test_making_a_point_worse_never_ends_an_alarm(
    window: tuple[int, int],
    points: list[Point | None],
    previous: State,
    treatment: MissingData,
    data: st.DataObject,
) -> None:
    alarm = _alarm(*window, treatment)
    places = [place for place, point in enumerate(points) if point is not None]
    worse = list(points)
    for place in data.draw(st.sets(st.sampled_from(places)) if places else st.just(set())):
        worse[place] = VALUES["X"]

    assert RED[evaluate(alarm, worse, previous)] >= RED[evaluate(alarm, points, previous)]


@_checked
@given(window=_windows, points=_outcomes, previous=_states)
def test_not_breaching_alarms_least_and_breaching_most(
    window: tuple[int, int], points: list[Point | None], previous: State
) -> None:
    found = {
        treatment: RED[evaluate(_alarm(*window, treatment), points, previous)]
        for treatment in MissingData
    }

    calm, eager = found[MissingData.NOT_BREACHING], found[MissingData.BREACHING]
    assert calm <= found[MissingData.MISSING] <= eager
    assert calm <= found[MissingData.IGNORE]


@_checked
@given(window=_windows, points=_outcomes, previous=_states, treatment=_missing, older=_outcomes)
def test_what_lies_before_the_evaluation_range_changes_nothing(
    window: tuple[int, int],
    points: list[Point | None],
    previous: State,
    treatment: MissingData,
    older: list[Point | None],
) -> None:
    alarm = _alarm(*window, treatment)
    filled = [*([None] * alarm.evaluation_range), *points][-alarm.evaluation_range :]

    expected = evaluate(alarm, filled, previous)

    assert evaluate(alarm, [*older, *filled], previous) is expected


@_checked
@given(window=_windows, points=_full, previous=_states, treatment=_missing)
def test_with_full_data_m_of_the_last_n_decide_whatever_came_before(
    window: tuple[int, int],
    points: list[Point | None],
    previous: State,
    treatment: MissingData,
) -> None:
    m, n = window
    full = _points("0" * n) + points
    bad = sum(point == VALUES["X"] for point in full[-n:])

    expected = State.ALARM if bad >= m else State.OK

    assert evaluate(_alarm(m, n, treatment), full, previous) is expected


@_checked
@given(window=_windows, points=_outcomes, previous=_states)
def test_not_breaching_knows_no_insufficient_data_and_no_memory(
    window: tuple[int, int], points: list[Point | None], previous: State
) -> None:
    state = evaluate(_alarm(*window), points, previous)

    assert state is not State.INSUFFICIENT_DATA
    assert state is evaluate(_alarm(*window), points, State.OK)


@_checked
@given(n=st.integers(1, 6), points=_outcomes, previous=_states, treatment=_missing)
def test_asking_for_more_bad_points_never_alarms_sooner(
    n: int, points: list[Point | None], previous: State, treatment: MissingData
) -> None:
    found = [RED[evaluate(_alarm(m, n, treatment), points, previous)] for m in range(1, n + 1)]

    assert found == sorted(found, reverse=True)
