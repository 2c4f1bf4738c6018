"""First step: the survey's codes into typed rows, split into train, validation, test and later.

Years before the end of training are split at random by a hash of the household, so people who live
together are in one part; the years after it are `later`, which shows whether the model still holds
and is never trained on, tuned on or gated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import date

import people
from features import contradiction
from jobs import data_file, job, split, tables
from jobs.contract import Row
from jobs.data_file import Line
from jobs.job import DataError

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1  # of all households of the year; says when to stop adding trees

REFERENCE_PERSON = "0"
GROUP_QUARTERS = ("16", "17")  # where nobody belongs to a household, as in a dormitory
_NOT_ASKED = "0"
_YES_NO = {"1": True, "2": False}


def main(log: logging.Logger) -> None:
    """Read the one data file, write the four parts."""
    arguments = data_file.parser(__doc__).parse_args()
    columns = ("year", "employed", "RELP", *(column for column, _ in CODES.values()))
    lines = data_file.lines(arguments.input_dir, version=arguments.data_version, columns=columns)
    parts: dict[str, list[Row]] = {name: [] for name in tables.PARTS}
    for row in rows(lines):
        parts[part_of(row, end=arguments.training_end)].append(row)
    for name, part in parts.items():
        tables.write_part(arguments.output_dir / name, people.table(), part)
        log.info("part written", extra={"part": name, "rows": len(part)})


def rows(lines: Iterable[Line]) -> Iterator[Row]:
    """The lines in the contract's words, each with its household.

    The copy has no household numbers but keeps the survey's order: a household begins with its
    reference person, and everybody in group quarters stands alone.
    """
    year, household, person = "", 0, 0
    for line in lines:
        cells = line.cells
        if cells["year"] != year:
            year, household, person = cells["year"], 1, 1
        elif cells["RELP"] in (REFERENCE_PERSON, *GROUP_QUARTERS):
            household, person = household + 1, 1
        else:
            person += 1
        yield {"year": year, "household": str(household), "person": str(person), **_person(line)}


def part_of(row: Row, *, end: date | None) -> str:
    """The part that a row belongs to, by nothing but its year and household.

    The survey knows no days: a year is later if it begins at the end of training or after it.
    """
    if split.is_later(date(int(str(row["year"])), 1, 1), end):
        return "later"
    key = f"{row['year']} {row['household']}"
    return split.part_of(key, test=TEST_SHARE, validation=VALIDATION_SHARE)


def _person(line: Line) -> Row:
    row = {name: line.parsed(column, read) for name, (column, read) in CODES.items()}
    problem = contradiction(row)
    if problem is not None:
        raise DataError(f"row {line.number}: {problem}")
    # A blank label passes: the data quality step counts and reports them all.
    label = {"1": True, "0": False, "": None}.__getitem__
    return row | {"employed": line.parsed("employed", label)}


def _asked(read: Callable[[str], object]) -> Callable[[str], object]:
    """The copy writes 0 for what was not asked."""
    return lambda cell: None if cell == _NOT_ASKED else read(cell)


_yes = _YES_NO.__getitem__

CODES: dict[str, tuple[str, Callable[[str], object]]] = {
    "age": ("AGEP", int),
    "education": ("SCHL", _asked(int)),
    "marital_status": ("MAR", str),
    "relationship": ("RELP", str),
    "disability": ("DIS", _yes),
    "parents_employment": ("ESP", _asked(str)),
    "citizenship": ("CIT", str),
    "moved": ("MIG", _asked(str)),
    "military": ("MIL", _asked(str)),
    "ancestry": ("ANC", str),
    "nativity": ("NATIVITY", str),
    "hearing_difficulty": ("DEAR", _yes),
    "vision_difficulty": ("DEYE", _yes),
    "cognitive_difficulty": ("DREM", _asked(_yes)),
    "sex": ("SEX", str),
    "race": ("RAC1P", str),
}
"""For every field its column in the survey, and how a code becomes a value."""


if __name__ == "__main__":
    job.run("preprocess", main)
