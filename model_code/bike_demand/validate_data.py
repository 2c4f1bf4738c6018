"""Second step: is this data fit to train on? What is checked stands in `jobs.data_checks`."""

from __future__ import annotations

import logging

import hours
from jobs import data_checks, job

MAX_MISSING_SHARE = 0.15
"""The worst column of the known data, weather, is blank in 7.5 % of the rows of 2011."""
MIN_ROWS = {"train": 1000, "validation": 100, "test": 300, "later": 0}


def main(log: logging.Logger) -> None:
    """Check everything, write the report, then fail if anything failed."""
    data_checks.run(expectations(), __doc__, log)


def expectations() -> data_checks.Expectations:
    """What hours of rentals are like; every hour is there once, in one part."""
    table = hours.table()
    nullable = [field.name for field in table.fields if field.nullable]
    return data_checks.Expectations(
        table=table,
        row="hours",
        identity=("date", "hour"),
        unit=("date", "hour"),
        minimum_rows=MIN_ROWS,
        missing=dict.fromkeys(nullable, MAX_MISSING_SHARE),
    )


if __name__ == "__main__":
    job.run("validate_data", main)
