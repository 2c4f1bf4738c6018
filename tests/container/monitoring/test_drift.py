from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlops.container.monitoring import Baseline, MonitoringError, Settings, Verdict
from mlops.container.monitoring.drift import FieldDrift, judge_drift
from mlops.container.monitoring.field_summary import FieldSummary

Table = dict[str, list[Any]]


def _judged(
    baseline: Baseline, table: Table, settings: Settings | None = None, requests: Any = None
) -> dict[str, FieldDrift]:
    rows = len(table["hour"])
    asked = np.arange(rows) if requests is None else requests
    fields = {
        name: FieldSummary.of(frame, table[name], asked) for name, frame in baseline.frames.items()
    }
    return {field.name: field for field in judge_drift(baseline, fields, settings or Settings())}


def _alarms(judged: dict[str, FieldDrift]) -> set[str]:
    return {name for name, field in judged.items() if field.verdict is Verdict.ALARM}


def test_a_window_of_the_same_population_is_quiet(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    judged = _judged(baseline, table(1000, seed=2))

    assert {field.verdict for field in judged.values()} == {Verdict.QUIET}
    assert all(field.reasons == [] and field.severity == "none" for field in judged.values())


def test_the_field_that_moved_alarms_and_no_other(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    window = table(1000, seed=2)
    window["temperature"] = [value + 2.5 for value in window["temperature"]]

    judged = _judged(baseline, window)

    assert _alarms(judged) == {"temperature"}
    assert judged["temperature"].reasons[0].startswith("PSI 0.19")


@pytest.mark.parametrize(("by", "severity"), [(2.5, "moderate"), (5.0, "major")])
def test_severity_speaks_the_words_of_the_rule_of_thumb(
    baseline: Baseline, table: Callable[..., Table], by: float, severity: str
) -> None:
    window = table(2000, seed=2)
    window["temperature"] = [value + by for value in window["temperature"]]

    assert _judged(baseline, window)["temperature"].severity == severity


def test_a_change_of_the_answers_is_prediction_drift(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    window = table(1000, seed=2)
    window["demand"] = [value * 1.5 for value in window["demand"]]

    judged = _judged(baseline, window)

    assert _alarms(judged) == {"demand"}
    assert (judged["demand"].role, judged["hour"].role) == ("output", "input")


def test_a_significant_change_that_is_too_small_to_matter_is_quiet(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    window = table(40_000, seed=2)
    window["temperature"] = [value + 0.5 for value in window["temperature"]]

    judged = _judged(baseline, window)["temperature"]

    assert judged.findings[0].q_value < 1e-4
    assert judged.verdict is Verdict.QUIET


def test_a_large_index_by_chance_is_no_alarm(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    """Windows of 60 rows have an index above 0.1 nearly always, and none alarms."""
    large = 0
    for seed in range(20):
        judged = _judged(baseline, table(60, seed=100 + seed))
        shape = judged["temperature"].comparison.shape
        large += shape is not None and shape.raw_psi > 0.1
        assert not _alarms(judged)

    assert large > 10


def test_too_small_a_window_is_inconclusive_and_not_quiet(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    judged = _judged(baseline, table(499, seed=2))

    assert {field.verdict for field in judged.values()} == {Verdict.INCONCLUSIVE}
    assert judged["hour"].reasons[0] == "499 rows count, 500 are needed"


def test_a_small_window_may_still_alarm(baseline: Baseline, table: Callable[..., Table]) -> None:
    window = table(100, seed=2)
    window["temperature"] = [value * 1.8 + 32 for value in window["temperature"]]

    assert _alarms(_judged(baseline, window)) == {"temperature"}


def test_a_window_without_any_value_is_inconclusive(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    judged = _judged(baseline, {name: [] for name in table(1)})

    assert {field.verdict for field in judged.values()} == {Verdict.INCONCLUSIVE}


def test_against_a_small_baseline_silence_says_nothing(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    small = Baseline.of(baseline.schema, table(100, seed=5))

    judged = _judged(small, table(1000, seed=2))

    assert judged["hour"].verdict is Verdict.INCONCLUSIVE
    assert "the baseline has 100 values" in judged["hour"].reasons[0]


def test_more_nulls_alarm_beyond_the_tolerance_only(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    window = table(2000, seed=2)

    few = window | {"temperature": [None] * 30 + window["temperature"][30:]}
    many = window | {"temperature": [None] * 60 + window["temperature"][60:]}

    assert not _alarms(_judged(baseline, few))
    assert _alarms(_judged(baseline, many)) == {"temperature"}
    assert "3.0% null, 0.0% in the baseline" in _judged(baseline, many)["temperature"].reasons[0]


def test_fewer_nulls_are_no_alarm(baseline: Baseline, table: Callable[..., Table]) -> None:
    made = table(4000, seed=4)
    before = Baseline.of(
        baseline.schema, made | {"temperature": [None] * 2000 + made["temperature"][2000:]}
    )

    assert not _alarms(_judged(before, table(1000, seed=2)))


def test_values_that_nobody_saw_before_alarm_with_their_names(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    window = table(1000, seed=2)
    window["weekday"] = ["Sun"] * 40 + ["Sat"] * 5 + window["weekday"][45:]

    judged = _judged(baseline, window)["weekday"]

    assert judged.verdict is Verdict.ALARM
    assert judged.unseen_values == (("Sun", 40), ("Sat", 5))
    assert "4.5% unseen" in " ".join(judged.reasons)


def test_numbers_that_lie_outside_what_the_model_saw_alarm(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    window = table(1000, seed=2)
    window["temperature"] = [-40.0] * 40 + window["temperature"][40:]

    judged = _judged(baseline, window)["temperature"]

    assert "4.0% outside the baseline's range" in " ".join(judged.reasons)


def test_an_ignored_field_is_watched_for_nulls_only(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    window = table(1000, seed=2) | {"hour": [12] * 1000}
    settings = Settings(ignored=("hour",))

    assert _alarms(_judged(baseline, window)) == {"hour"}
    assert not _alarms(_judged(baseline, window, settings))
    gone = window | {"hour": [None] * 1000}
    assert _alarms(_judged(baseline, gone, settings)) == {"hour"}


def test_rows_of_few_requests_are_no_evidence_of_silence(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    one = table(25, seed=2)
    window = {name: [value for value in values for _ in range(40)] for name, values in one.items()}

    judged = _judged(baseline, window, requests=np.arange(1000) // 40)

    assert not _alarms(judged)
    assert judged["temperature"].verdict is Verdict.INCONCLUSIVE
    assert _judged(baseline, window)["temperature"].verdict is Verdict.ALARM


def test_every_field_pays_for_the_others_tests(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    """One false discovery rate over all: a q-value is at least the p-value."""
    window = table(1000, seed=2)
    window["temperature"] = [value + 1.0 for value in window["temperature"]]

    judged = _judged(baseline, window)["temperature"]

    shape = judged.comparison.shape
    assert shape is not None
    assert judged.findings[0].q_value == pytest.approx(15 * shape.p_value)


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [(15, Verdict.QUIET), (25, Verdict.INCONCLUSIVE), (45, Verdict.ALARM)],
)
def test_a_rise_alarms_only_if_it_is_beyond_its_tolerance_without_doubt(
    baseline: Baseline, table: Callable[..., Table], rows: int, verdict: Verdict
) -> None:
    window = table(1000, seed=2)
    window["weekday"] = ["Sun"] * rows + window["weekday"][rows:]

    assert _judged(baseline, window)["weekday"].verdict is verdict


def _seasonal(table: Callable[..., Table], rows: int, seed: int, hours: list[int]) -> Table:
    """Temperature and demand follow the hour, which takes the place of a season."""
    draw = np.random.default_rng(seed)
    hour = draw.choice(hours, rows)
    temperature = (hour + draw.normal(0, 2, rows)).tolist()
    demand = (100 + 10 * hour + draw.normal(0, 20, rows)).tolist()
    return table(rows, seed, hour=hour.tolist(), temperature=temperature, demand=demand)


def test_within_its_season_a_window_is_compared_with_the_same_season(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    year = _seasonal(table, 24_000, 1, list(range(24)))
    known = Baseline.of(baseline.schema, year, within="hour")
    window = _seasonal(table, 1000, 2, [13, 14])
    within = Settings(compare_within="hour")

    assert _alarms(_judged(known, window)) == {"temperature", "hour", "demand"}
    assert not _alarms(_judged(known, window, within))
    window["demand"] = [value * 1.5 for value in window["demand"]]
    assert _alarms(_judged(known, window, within)) == {"demand"}


def test_a_season_that_the_baseline_hardly_knows_is_inconclusive(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    known = Baseline.of(baseline.schema, table(2000, seed=1), within="hour")
    window = table(1000, seed=2, hour=[7] * 1000)

    judged = _judged(known, window, Settings(compare_within="hour"))

    assert judged["temperature"].verdict is Verdict.INCONCLUSIVE
    assert "values in this mix of hour, 500 are needed" in judged["temperature"].reasons[0]


def test_a_season_that_the_baseline_never_saw_is_unseen_and_nothing_else(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    half = table(2000, seed=1)
    half["hour"] = [hour % 12 for hour in half["hour"]]
    known = Baseline.of(baseline.schema, half, within="hour")
    window = table(1000, seed=2, hour=[20] * 1000)

    judged = _judged(known, window, Settings(compare_within="hour"))

    assert _alarms(judged) == {"hour"}
    assert judged["temperature"].comparison.shape is None
    assert judged["temperature"].verdict is Verdict.INCONCLUSIVE


def test_strata_that_the_baseline_was_not_made_with_are_a_mistake(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    with pytest.raises(MonitoringError, match="make the baseline again"):
        _judged(baseline, table(100, seed=2), Settings(compare_within="hour"))
