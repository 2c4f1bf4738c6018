"""Second step: is this data fit to train on? What is checked stands in `jobs.data_checks`."""

from __future__ import annotations

import logging

import people
from jobs import data_checks, job

MISSING = {
    "education": 0.05,
    "parents_employment": 0.88,
    "moved": 0.02,
    "military": 0.21,
    "cognitive_difficulty": 0.07,
}
"""Largest share that is not asked, being too young or, of the parents, grown."""
MIN_ROWS = {"train": 1000, "validation": 100, "test": 1000, "later": 0}


def main(log: logging.Logger) -> None:
    """Check everything, write the report, then fail if anything failed."""
    data_checks.run(expectations(), __doc__, log)


def expectations() -> data_checks.Expectations:
    """What people of a survey are like; those of a household are in one part."""
    return data_checks.Expectations(
        table=people.table(),
        row="people",
        identity=("year", "household", "person"),
        unit=("year", "household"),
        minimum_rows=MIN_ROWS,
        missing=MISSING,
    )


if __name__ == "__main__":
    job.run("validate_data", main)
