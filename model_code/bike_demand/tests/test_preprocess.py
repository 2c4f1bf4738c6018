from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

import preprocess
from jobs.data_file import Line

HEADER = (
    "dteday,season,hr,holiday,weekday,workingday,weathersit,"
    "temp,atemp,hum,windspeed,casual,registered,cnt"
)
LINE = "2011-07-13,fall,4am,No,Wed,Yes,Clear,26.78,28.998799999999996,57.99999999999999,17.0,0,5,5"


def rows_of(folder: Path, part: str) -> list[dict[str, str]]:
    with (folder / part / "part.csv").open() as file:
        return list(csv.DictReader(file))


def processed(script, folder: Path, text: str):
    source = folder / "in"
    source.mkdir()
    (source / "hours.csv").write_text(text)
    return script("preprocess", "--input-dir", source, "--output-dir", folder / "out")


def test_every_hour_lands_in_exactly_one_part(parts):
    keys = [
        (row["date"], row["hour"])
        for part in preprocess.tables.PARTS
        for row in rows_of(parts, part)
    ]

    assert len(keys) == len(set(keys)) == 17_379


def test_later_holds_all_of_2012_and_nothing_else_does(parts):
    years = {
        part: {row["date"][:4] for row in rows_of(parts, part)} for part in preprocess.tables.PARTS
    }

    assert years == {"train": {"2011"}, "validation": {"2011"}, "test": {"2011"}, "later": {"2012"}}


def test_the_parts_that_give_the_label_away_are_dropped(parts):
    assert not {"casual", "registered"} & rows_of(parts, "train")[0].keys()


def test_a_row_is_told_in_the_contracts_words(script, tmp_path):
    done = processed(script, tmp_path, f"{HEADER}\n{LINE}\n")

    found = [row for part in preprocess.tables.PARTS for row in rows_of(tmp_path / "out", part)]
    assert done.code == 0
    assert found == [
        {
            "date": "2011-07-13", "month": "7", "day": "13", "hour": "4", "weekday": "Wed",
            "holiday": "false", "weather": "Clear", "temperature": "26.78",
            "feels_like": "28.9988", "humidity": "58.0", "windspeed": "17.0", "cnt": "5",
        }
    ]  # fmt: skip


def test_blank_weekdays_come_from_the_date_and_impossible_humidity_becomes_unknown():
    raw = dict(zip(HEADER.split(","), LINE.split(","), strict=True))

    cells = raw | {"weekday": "", "hum": "0.0", "weathersit": ""}

    row = preprocess._row(Line(number=2, cells=cells))

    assert (row["weekday"], row["humidity"], row["weather"]) == ("Wed", None, None)


@pytest.mark.parametrize(("clock", "hour"), [("12am", 0), ("1am", 1), ("12pm", 12), ("11pm", 23)])
def test_the_twelve_hour_clock_is_read(clock, hour):
    assert preprocess._hour(clock) == hour


def test_a_rows_part_depends_on_nothing_but_its_hour():
    row = {"date": "2011-05-01", "hour": 3}

    parts = {
        preprocess.part_of(row | {"cnt": count}, end=end, by="hour")
        for count in (1, 999)
        for end in (date(2012, 1, 1), date(2012, 7, 1), None)
    }

    assert len(parts) == 1


def test_the_day_that_ends_training_is_the_first_later_one():
    rows = [{"date": day, "hour": 3} for day in ("2012-06-30", "2012-07-01")]

    parts = [preprocess.part_of(row, end=date(2012, 7, 1), by="hour") for row in rows]

    assert parts[0] != "later"
    assert parts[1] == "later"


def test_split_by_day_keeps_days_whole():
    rows = [{"date": f"2011-05-{d:02}", "hour": h} for d in range(1, 31) for h in range(24)]

    parts = preprocess.parted(rows, end=None, by="day")

    days = [{row["date"] for row in part} for part in parts.values()]
    assert sum(map(len, days)) == 30


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("4am", "25", "row 2: hr is '25', which cannot be read"),
        (",No,", ",Maybe,", "row 2: holiday is 'Maybe', which cannot be read"),
        (",17.0,", ",calm,", "row 2: windspeed is 'calm', which cannot be read"),
    ],
)
def test_a_cell_that_cannot_be_read_ends_with_one_clear_line(
    script, tmp_path, right, wrong, reason
):
    done = processed(script, tmp_path, f"{HEADER}\n{LINE}\n".replace(right, wrong))

    assert (done.code, done.reason) == (3, reason)
