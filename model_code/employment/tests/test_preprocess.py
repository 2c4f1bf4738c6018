from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

import preprocess
from jobs import tables
from jobs.data_file import Line

HEADER = (
    "year,employed,AGEP,SCHL,MAR,RELP,DIS,ESP,CIT,MIG,MIL,ANC,NATIVITY,DEAR,DEYE,DREM,SEX,RAC1P"
)
FATHER = "2015,1,45,19,1,0,2,0,1,1,4,2,1,2,2,2,1,1"
BABY = "2015,0,0,0,5,2,2,1,1,0,0,2,1,2,2,0,2,9"


def rows_of(folder: Path, part: str) -> list[dict[str, str]]:
    with (folder / part / "part.csv").open() as file:
        return list(csv.DictReader(file))


def line(text: str, **changed: str) -> Line:
    cells = dict(zip(HEADER.split(","), text.split(","), strict=True))
    return Line(number=2, cells=cells | changed)


def test_every_person_lands_in_exactly_one_part(parts):
    keys = [
        (row["year"], row["household"], row["person"])
        for part in tables.PARTS
        for row in rows_of(parts, part)
    ]

    lines = (parts / "in/people.csv").read_text().splitlines()
    assert len(keys) == len(set(keys)) == len(lines) - 1


def test_people_who_live_together_are_in_one_part(parts):
    homes = defaultdict(set)
    for part in tables.PARTS:
        for row in rows_of(parts, part):
            homes[row["year"], row["household"]].add(part)

    assert all(len(found) == 1 for found in homes.values())
    assert len(homes) > 4000


def test_the_later_years_are_later_and_nothing_else_is(parts):
    years = {part: {row["year"] for row in rows_of(parts, part)} for part in tables.PARTS}

    assert years == {
        "train": {"2015"}, "validation": {"2015"}, "test": {"2015"},
        "later": {"2016", "2017", "2018"},
    }  # fmt: skip


def test_a_household_begins_with_its_reference_person_and_group_quarters_hold_single_people():
    relations = ["17", "0", "1", "2", "0", "16", "16", "0"]
    lines = [line(FATHER, RELP=code) for code in relations] + [line(FATHER, year="2016", RELP="2")]

    found = [(row["year"], row["household"], row["person"]) for row in preprocess.rows(lines)]

    assert found == [
        ("2015", "1", "1"), ("2015", "2", "1"), ("2015", "2", "2"), ("2015", "2", "3"),
        ("2015", "3", "1"), ("2015", "4", "1"), ("2015", "5", "1"), ("2015", "6", "1"),
        ("2016", "1", "1"),
    ]  # fmt: skip


def test_codes_become_values_and_what_was_not_asked_becomes_null():
    father, baby = preprocess.rows([line(FATHER), line(BABY)])

    assert father == {
        "year": "2015", "household": "1", "person": "1", "age": 45, "education": 19,
        "marital_status": "1", "relationship": "0", "disability": False,
        "parents_employment": None, "citizenship": "1", "moved": "1", "military": "4",
        "ancestry": "2", "nativity": "1", "hearing_difficulty": False,
        "vision_difficulty": False, "cognitive_difficulty": False, "sex": "1", "race": "1",
        "employed": True,
    }  # fmt: skip
    nulls = {name for name, value in baby.items() if value is None}
    assert nulls == {"education", "moved", "military", "cognitive_difficulty"}
    assert (baby["person"], baby["employed"]) == ("2", False)


def test_a_household_stays_in_its_part_whoever_joins_it():
    row = {"year": "2015", "household": "7", "person": "1"}

    joined = row | {"person": "9", "age": 3}
    assert preprocess.part_of(row, end=None) == preprocess.part_of(joined, end=None)


@pytest.mark.parametrize(
    ("end", "later"),
    [(date(2015, 1, 1), True), (date(2015, 1, 2), False), (date(2016, 1, 1), False), (None, False)],
)
def test_a_year_is_later_if_it_begins_when_training_ends(end, later):
    row = {"year": "2015", "household": "7", "person": "1"}

    assert (preprocess.part_of(row, end=end) == "later") is later


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("2015,1,45", "2015,2,45", "row 2: employed is '2', which cannot be read"),
        ("2015,1,45", "2015,1,old", "row 2: AGEP is 'old', which cannot be read"),
        (",1,0,2,0,", ",1,0,3,0,", "row 2: DIS is '3', which cannot be read"),
        ("2015,1,45", "2015,1,12", "row 2: military is '4' at the age of 12; allowed: null"),
    ],
)
def test_a_line_that_cannot_be_true_ends_with_one_clear_line(
    script, tmp_path, right, wrong, reason
):
    assert right in FATHER
    (tmp_path / "in").mkdir()
    (tmp_path / "in/people.csv").write_text(f"{HEADER}\n{FATHER.replace(right, wrong)}\n")

    done = script("preprocess", "--input-dir", tmp_path / "in", "--output-dir", tmp_path / "out")

    assert (done.code, done.reason) == (3, reason)
