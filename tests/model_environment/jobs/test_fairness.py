from __future__ import annotations

import numpy as np
import pytest

from jobs import fairness
from jobs.classification import Scored
from jobs.contract import Group
from jobs.job import DataError

SEX = Group(field="sex", names={"1": "Male", "2": "Female"}, minimum_rows=10)
RACE = Group(field="race", names={"1": "White", "2": "Black", "3": "Alaska Native"})


def people(*groups: tuple[str, int, int, int, int]) -> tuple[Scored, list[str]]:
    """Of each group: its key, then hits, misses, false alarms and rightly rejected."""
    truth, decided, values = [], [], []
    for key, *counts in groups:
        for label, said, count in zip((1, 1, 0, 0), (1, 0, 1, 0), counts, strict=True):
            truth += [label] * count
            decided += [said] * count
            values += [key] * count
    numbers = np.array(truth, dtype=float), np.array(decided, dtype=float)
    return Scored(truth=numbers[0], probability=numbers[1], decided=numbers[1]), values


def test_the_gaps_are_the_differences_of_the_rates():
    scored, values = people(("1", 80, 20, 50, 50), ("2", 60, 40, 20, 80))

    assert fairness.gaps(scored, values, SEX) == {
        "demographic_parity_gap_sex": pytest.approx(130 / 200 - 80 / 200),
        "equal_opportunity_gap_sex": pytest.approx(0.8 - 0.6),
    }


def test_every_group_is_reported_by_its_name_with_its_rates():
    scored, values = people(("1", 80, 20, 50, 50), ("2", 60, 40, 20, 80))

    found = fairness.compare(scored, values, SEX, range(400))

    assert found.gaps.keys() == fairness.gaps(scored, values, SEX).keys()
    male = found.groups["Male"]
    assert male["rows"] == 200
    assert {name: male[name]["value"] for name in male if name != "rows"} == {
        "label_rate": pytest.approx(0.5),
        "positive_rate": pytest.approx(0.65),
        "true_positive_rate": pytest.approx(0.8),
    }
    assert all(
        rate["low"] < rate["value"] < rate["high"] for name, rate in male.items() if name != "rows"
    )


def test_a_group_of_few_is_reported_and_not_judged():
    scored, values = people(("1", 150, 50, 0, 200), ("2", 140, 60, 0, 200), ("3", 0, 4, 3, 2))

    found = fairness.compare(scored, values, RACE, range(len(values)))

    assert found.gaps["equal_opportunity_gap_race"]["value"] == pytest.approx(0.05)
    assert found.groups["Alaska Native"] == {
        "rows": 9,
        "label_rate": {"value": pytest.approx(4 / 9)},
        "positive_rate": {"value": pytest.approx(3 / 9)},
        "true_positive_rate": {"value": 0.0},
    }


def test_a_rate_of_nobody_is_unknown():
    scored, values = people(("1", 150, 50, 0, 200), ("2", 140, 60, 0, 200), ("3", 0, 0, 1, 3))

    nobody = fairness.compare(scored, values, RACE, range(len(values))).groups["Alaska Native"]

    assert nobody["true_positive_rate"] == {"value": None}
    assert nobody["positive_rate"] == {"value": 0.25}


def test_a_rate_is_judged_by_the_rows_below_its_line():
    """A hundred rows with few positive labels count for one gap and not for the other."""
    scored, values = people(("1", 150, 50, 0, 200), ("2", 140, 60, 0, 200), ("3", 0, 5, 100, 50))

    found = fairness.gaps(scored, values, RACE)

    assert found["demographic_parity_gap_race"] == pytest.approx(100 / 155 - 140 / 400)
    assert found["equal_opportunity_gap_race"] == pytest.approx(0.05)


def test_without_two_groups_to_compare_nothing_is_passed_silently():
    scored, values = people(("1", 150, 50, 0, 200), ("2", 5, 5, 5, 5))

    with pytest.raises(DataError, match=r"_gap_race: fewer than two groups have 100 rows; lower"):
        fairness.gaps(scored, values, RACE)


def test_a_truth_divides_as_well_and_an_unknown_value_belongs_to_nobody():
    scored, values = people(("x", 20, 0, 0, 20), ("y", 10, 10, 0, 20), ("z", 0, 50, 0, 0))
    truths = [{"x": True, "y": False, "z": None}[value] for value in values]
    veterans = Group(field="veteran", names={"true": "Yes", "false": "No"}, minimum_rows=10)

    assert fairness.gaps(scored, truths, veterans)["equal_opportunity_gap_veteran"] == 0.5


def test_the_bounds_of_a_gap_between_two_large_groups_are_newcombes():
    """Newcombe, Statistics in Medicine 17 (1998), method 10: from two Wilson scores."""
    scored, values = people(("1", 900, 100, 300, 700), ("2", 800, 200, 300, 700))

    found = fairness.compare(scored, values, SEX, range(len(values)))

    gap = found.gaps["equal_opportunity_gap_sex"]
    low, high = newcombe((900, 1000), (800, 1000))
    assert gap["value"] == pytest.approx(0.1)
    assert (gap["low"], gap["high"]) == pytest.approx((low, high), abs=0.005)


def test_people_of_one_household_widen_the_bounds():
    scored, values = people(("1", 80, 20, 50, 50), ("2", 60, 40, 20, 80))

    def width(clusters) -> float:
        gap = fairness.compare(scored, values, SEX, clusters).gaps["equal_opportunity_gap_sex"]
        return gap["high"] - gap["low"]

    assert width([number // 10 for number in range(400)]) > 1.5 * width(range(400))


def wilson(hits: int, rows: int) -> tuple[float, float]:
    z, share = 1.959964, hits / rows
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z * (share * (1 - share) / rows + z**2 / (4 * rows**2)) ** 0.5 / (1 + z**2 / rows)
    return middle - half, middle + half


def newcombe(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    (p, q), (low_p, high_p), (low_q, high_q) = (
        (one[0] / one[1], other[0] / other[1]), wilson(*one), wilson(*other),
    )  # fmt: skip
    return (
        p - q - ((p - low_p) ** 2 + (high_q - q) ** 2) ** 0.5,
        p - q + ((high_p - p) ** 2 + (q - low_q) ** 2) ** 0.5,
    )
