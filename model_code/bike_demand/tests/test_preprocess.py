from __future__ import annotations

import csv
import gzip
import hashlib
from pathlib import Path

import pytest
from model_runs import FOLDER

import preprocess

HEADER = (
    "dteday,season,hr,holiday,weekday,workingday,weathersit,"
    "temp,atemp,hum,windspeed,casual,registered,cnt"
)
LINE = "2011-07-13,fall,4am,No,Wed,Yes,Clear,26.78,28.998799999999996,57.99999999999999,17.0,0,5,5"


def rows_of(folder: Path, part: str) -> list[dict[str, str]]:
    with (folder / part / "part.csv").open() as file:
        return list(csv.DictReader(file))


def processed(script, folder: Path, content: bytes, *more: str):
    source = folder / "in"
    source.mkdir()
    (source / "hours.csv").write_bytes(content)
    return script("preprocess", "--input-dir", source, "--output-dir", folder / "out", *more)


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
    done = processed(script, tmp_path, f"{HEADER}\n{LINE}\n".encode())

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

    row = preprocess._row(raw | {"weekday": "", "hum": "0.0", "weathersit": ""}, "row 2")

    assert (row["weekday"], row["humidity"], row["weather"]) == ("Wed", None, None)


@pytest.mark.parametrize(("clock", "hour"), [("12am", 0), ("1am", 1), ("12pm", 12), ("11pm", 23)])
def test_the_twelve_hour_clock_is_read(clock, hour):
    assert preprocess._hour(clock) == hour


def test_a_rows_part_depends_on_nothing_but_its_hour():
    row = {"date": "2011-05-01", "hour": 3}

    assert preprocess.part_of(row, by="hour") == preprocess.part_of(row | {"cnt": 999}, by="hour")


def test_split_by_day_keeps_days_whole():
    rows = [{"date": f"2011-05-{d:02}", "hour": h} for d in range(1, 31) for h in range(24)]

    parts = preprocess.split(rows, by="day")

    days = [{row["date"] for row in part} for part in parts.values()]
    assert sum(map(len, days)) == 30


def test_the_asked_version_is_verified(script, tmp_path):
    content = f"{HEADER}\n{LINE}\n".encode()
    right = hashlib.sha256(content).hexdigest()

    assert processed(script, tmp_path, content, "--data-version", right).code == 0
    wrong = script(
        "preprocess", "--input-dir", tmp_path / "in", "--output-dir", tmp_path / "out",
        "--data-version", "0" * 64,
    )  # fmt: skip
    assert wrong.code == 3
    assert wrong.reason == f"hours.csv: its SHA-256 is {right}, asked for was {'0' * 64}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "hours.csv: is empty; allowed: a header and rows"),
        (f"{HEADER}\n".encode(), "hours.csv: holds a header and no rows"),
        (b"dteday,hr,cnt\n2011-01-01,1am,3\n",
         "hours.csv: misses the columns holiday, weathersit, temp, atemp, hum, windspeed"),
        (f"{HEADER}\n{LINE}\n".encode("utf-16"),
         "hours.csv: is not UTF-8 text (byte 0); save it as UTF-8"),
        (f"{HEADER}\n{LINE}\n".replace("4am", "25").encode(),
         "row 2: hr is '25', which cannot be read"),
        (f"{HEADER}\n{LINE}\n".replace(",No,", ",Maybe,").encode(),
         "row 2: holiday is 'Maybe', which cannot be read"),
        (f"{HEADER}\n2011-07-13,fall\n".encode(),
         "row 2: has another number of cells than the header"),
        (gzip.compress(HEADER.encode())[:-9], "hours.csv: is no whole gzip file"),
    ],
)  # fmt: skip
def test_a_bad_file_ends_with_one_clear_line_and_exit_code_3(script, tmp_path, content, reason):
    done = processed(script, tmp_path, content)

    assert done.code == 3
    assert done.reason.startswith(reason)


def test_anything_but_one_data_file_is_refused(script, tmp_path):
    done = script("preprocess", "--input-dir", tmp_path / "absent", "--output-dir", tmp_path)

    assert done.code == 3
    assert done.reason.endswith("holds nothing; allowed: exactly one data file")


def test_the_committed_data_is_the_recorded_version(model_yaml):
    content = (FOLDER / "data/hours.csv.gz").read_bytes()

    assert hashlib.sha256(content).hexdigest() == model_yaml["data"]["version"]
    assert content[4:8] == bytes(4), "the gzip time stamp must be 0"
    assert model_yaml["data"]["version"] in (FOLDER / "data/README.md").read_text()
    inner = hashlib.sha256(gzip.decompress(content)).hexdigest()
    assert inner in (FOLDER / "data/README.md").read_text()
