"""The rows that were kept back, in the order in which they happened."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from mlops.contract import ModelSpec
from mlops.rehearsal.drift.periods import periods_of
from mlops.rehearsal.errors import RehearsalError

HEADER = "date,hour,heat,sky,holiday,rentals\n"


def part(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "part.csv"
    path.write_text(text)
    return path


def test_months_follow_each_other_and_rows_have_the_contracts_types(
    tmp_path: Path, spec: ModelSpec
) -> None:
    rows = "2012-02-03,5,,rain,true,7\n2012-01-31,4,3.5,clear,false,9\n2012-01-02,4,3,snow,false,\n"

    january, february = periods_of(part(tmp_path, HEADER + rows), spec)

    assert (january.name, january.end) == ("2012-01", date(2012, 2, 1))
    assert [case.truth for case in january.cases] == [9.0, None]
    assert february.cases[0].request == {"hour": 5, "heat": None, "sky": "rain", "holiday": True}


def test_moments_lie_within_the_period_in_order(tmp_path: Path, spec: ModelSpec) -> None:
    rows = "".join(f"2012-12-{day:02},1,1,rain,true,7\n" for day in range(1, 32))

    (december,) = periods_of(part(tmp_path, HEADER + rows), spec)
    moments = [case.at for case in december.cases]

    assert december.end == date(2013, 1, 1)
    assert moments == sorted(moments)
    assert {moment.month for moment in moments} == {12}
    assert moments[0].day == 1
    assert moments[-1].day == 31


def test_years_are_divided_at_random_into_quarters_and_always_the_same_ones(
    tmp_path: Path, spec: ModelSpec
) -> None:
    text = HEADER.replace("date", "year") + "".join(
        f"{year},1,1,rain,true,{number}\n" for year in (2016, 2017) for number in range(400)
    )

    first, second = (periods_of(part(tmp_path, text), spec) for _ in range(2))

    assert [period.name for period in first] == [
        f"{year}-{month:02}" for year in (2016, 2017) for month in (1, 4, 7, 10)
    ]
    assert first == second
    assert sum(len(period.cases) for period in first) == 800
    assert all(70 <= len(period.cases) <= 130 for period in first)


def test_what_has_no_day_happens_in_the_days_that_are_looked_at(
    tmp_path: Path, spec: ModelSpec
) -> None:
    text = HEADER.replace("date", "year") + "2016,1,1,rain,true,1\n" * 50

    for period in periods_of(part(tmp_path, text), spec):
        assert {case.at.date() for case in period.cases} == {period.end - timedelta(days=1)}


def test_of_a_long_period_a_sample_is_asked(tmp_path: Path, spec: ModelSpec) -> None:
    text = HEADER + "".join(f"2012-01-01,1,1,rain,true,{number}\n" for number in range(9_000))

    (january,) = periods_of(part(tmp_path, text), spec)
    truths = [case.truth for case in january.cases]

    assert len(set(truths)) == 5_000
    assert truths == sorted(truths)


def test_rows_that_do_not_say_when_they_happened_are_refused(
    tmp_path: Path, spec: ModelSpec
) -> None:
    with pytest.raises(RehearsalError, match="no column says when a row happened; allowed: date"):
        periods_of(part(tmp_path, "hour,rentals\n1,2\n"), spec)


def test_where_no_row_is_kept_back_there_is_no_past(tmp_path: Path, spec: ModelSpec) -> None:
    with pytest.raises(RehearsalError, match=r"keeps no row back as `later`.*data\.training_end"):
        periods_of(part(tmp_path, HEADER), spec)


@pytest.mark.parametrize(
    ("column", "text"), [("date", "31.1.2012"), ("date", ""), ("year", "MMXII"), ("year", "0")]
)
def test_a_time_in_another_form_is_named(
    tmp_path: Path, spec: ModelSpec, column: str, text: str
) -> None:
    rows = HEADER.replace("date", column) + f"{text},1,1,rain,true,7\n"

    with pytest.raises(RehearsalError, match=f"{column} of a row .* is '{text}'; allowed: a "):
        periods_of(part(tmp_path, rows), spec)
