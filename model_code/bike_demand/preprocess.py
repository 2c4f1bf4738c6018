"""First step: the raw hours into typed rows, split into train, validation, test and later.

Hours before the end of training are split at random by a hash of the hour's own date, so a row's
part never changes when rows are added or the end moves on; what comes after is `later`, which
reports drift and is never trained on, tuned on or gated.
"""

from __future__ import annotations

import argparse
import logging
import re
from datetime import date

import hours
from features import WEEKDAYS
from jobs import data_file, job, split, tables
from jobs.contract import Row
from jobs.data_file import Line

TEST_SHARE = 0.2
VALIDATION_SHARE = (
    0.1  # of all hours of the year; tells the level of demand and calibrates the intervals
)

# `casual` and `registered` add up to `cnt`: they are read by nobody.
RAW_COLUMNS = (
    "dteday", "hr", "holiday", "weathersit", "temp", "atemp", "hum", "windspeed", "cnt",
)  # fmt: skip
_CLOCK = re.compile(r"(1[0-2]|[1-9])(am|pm)")


def main(log: logging.Logger) -> None:
    """Read the one data file, write the four parts."""
    arguments = _arguments()
    lines = data_file.lines(
        arguments.input_dir, version=arguments.data_version, columns=RAW_COLUMNS
    )
    rows = [_row(line) for line in lines]
    parts = parted(rows, end=arguments.training_end, by=arguments.split_by)
    for name, part in parts.items():
        tables.write_part(arguments.output_dir / name, hours.table(), part)
        log.info("part written", extra={"part": name, "rows": len(part)})


def parted(rows: list[Row], *, end: date | None, by: str = "hour") -> dict[str, list[Row]]:
    """The rows by part, each in order of time.

    By hour, hours of one day fall into different parts; by day, whole days do, which is harder
    for the model and is reported in the model card beside the public reference's own split.
    """
    parts: dict[str, list[Row]] = {name: [] for name in tables.PARTS}
    for row in sorted(rows, key=lambda row: (str(row["date"]), row["hour"])):
        parts[part_of(row, end=end, by=by)].append(row)
    return parts


def part_of(row: Row, *, end: date | None, by: str) -> str:
    """The part that a row belongs to, by nothing but its own date and hour."""
    if split.is_later(date.fromisoformat(str(row["date"])), end):
        return "later"
    key = f"{row['date']} {row['hour']}" if by == "hour" else str(row["date"])
    return split.part_of(key, test=TEST_SHARE, validation=VALIDATION_SHARE)


def _row(line: Line) -> Row:
    """A raw line in the contract's names and units."""
    day = line.parsed("dteday", date.fromisoformat)
    return {
        "date": day.isoformat(),
        "month": day.month,
        "day": day.day,
        "hour": line.parsed("hr", _hour),
        # The copy has blank weekdays; the date knows them.
        "weekday": WEEKDAYS[day.weekday()],
        "holiday": line.parsed("holiday", {"Yes": True, "No": False}.__getitem__),
        "weather": line.cells["weathersit"] or None,
        "temperature": line.parsed("temp", _number),
        "feels_like": line.parsed("atemp", _number),
        # Zero humidity is a failed sensor (all of 2011-03-10), not weather.
        "humidity": line.parsed("hum", _number) or None,
        "windspeed": line.parsed("windspeed", _number),
        # A blank label passes: the data quality step counts and reports them all.
        "cnt": line.parsed("cnt", lambda cell: int(cell) if cell else None),
    }


def _hour(clock: str) -> int:
    match = _CLOCK.fullmatch(clock)
    if match is None:
        raise ValueError(clock)
    return int(match[1]) % 12 + (12 if match[2] == "pm" else 0)


def _number(cell: str) -> float | None:
    # The copy carries binary noise such as 57.99999999999999.
    return round(float(cell), 4) if cell else None


def _arguments() -> argparse.Namespace:
    parser = data_file.parser(__doc__)
    parser.add_argument("--split-by", choices=("hour", "day"), default="hour")
    return parser.parse_args()


if __name__ == "__main__":
    job.run("preprocess", main)
