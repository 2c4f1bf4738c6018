"""First step: the raw hours into typed rows, split into train, validation, test and later.

2011 is split at random by a hash of the hour's own date, so a row's part never changes when rows
are added; 2012 is `later`, which reports drift and is never trained on, tuned on or gated.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import logging
import re
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import job
import tables
from contract import Row, load_contract
from features import WEEKDAYS
from job import DataError

TRAINING_YEAR = 2011
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1  # of all hours of the year; calibrates the prediction intervals

# `casual` and `registered` add up to `cnt`: they are read by nobody.
RAW_COLUMNS = (
    "dteday", "hr", "holiday", "weathersit", "temp", "atemp", "hum", "windspeed", "cnt",
)  # fmt: skip
_T = TypeVar("_T")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CLOCK = re.compile(r"(1[0-2]|[1-9])(am|pm)")


def main(log: logging.Logger) -> None:
    """Read the one data file, write the four parts."""
    arguments = _arguments()
    raw = _read(_data_file(arguments.input_dir), version=arguments.data_version)
    contract = load_contract()
    rows = [_row(line, f"row {number}") for number, line in enumerate(raw, start=2)]
    for name, part in split(rows, by=arguments.split_by).items():
        names = tables.columns(contract)
        tables.write_part(arguments.output_dir / name, names, part)
        log.info("part written", extra={"part": name, "rows": len(part)})


def split(rows: list[Row], *, by: str = "hour") -> dict[str, list[Row]]:
    """The rows by part, each in order of time.

    By hour, hours of one day fall into different parts; by day, whole days do, which is harder
    for the model and is reported in the model card beside the public reference's own split.
    """
    parts: dict[str, list[Row]] = {name: [] for name in tables.PARTS}
    for row in sorted(rows, key=lambda row: (str(row["date"]), row["hour"])):
        parts[part_of(row, by=by)].append(row)
    return parts


def part_of(row: Row, *, by: str) -> str:
    """The part that a row belongs to, by nothing but its own date and hour."""
    if not str(row["date"]).startswith(str(TRAINING_YEAR)):
        return "later"
    key = f"{row['date']} {row['hour']}" if by == "hour" else str(row["date"])
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    if share < TEST_SHARE:
        return "test"
    return "validation" if share < TEST_SHARE + VALIDATION_SHARE else "train"


def _data_file(folder: Path) -> Path:
    files = [path for path in sorted(folder.glob("*")) if path.is_file()]
    if len(files) != 1:
        found = ", ".join(path.name for path in files) or "nothing"
        raise DataError(f"{folder}: holds {found}; allowed: exactly one data file")
    return files[0]


def _read(path: Path, *, version: str) -> list[dict[str, str]]:
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if _SHA256.fullmatch(version) and found != version:
        raise DataError(f"{path.name}: its SHA-256 is {found}, asked for was {version}")
    reader = csv.DictReader(io.StringIO(_text(content, path.name)))
    missing = [name for name in RAW_COLUMNS if name not in (reader.fieldnames or ())]
    if reader.fieldnames is None:
        raise DataError(f"{path.name}: is empty; allowed: a header and rows")
    if missing:
        raise DataError(f"{path.name}: misses the columns {', '.join(missing)}")
    try:
        lines = list(reader)
    except csv.Error as error:
        raise DataError(f"{path.name}: is no CSV: {error}") from error
    if not lines:
        raise DataError(f"{path.name}: holds a header and no rows")
    return lines


def _text(content: bytes, name: str) -> str:
    """The file as text; compression shows in the first bytes, as a copy may lose its ending."""
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: is no whole gzip file: {error}") from error


def _row(raw: dict[str, str], place: str) -> Row:
    """A raw line in the contract's names and units."""
    if None in raw or None in raw.values():
        raise DataError(f"{place}: has another number of cells than the header")
    day = _parsed(raw, "dteday", date.fromisoformat, place)
    humidity = _number(raw, "hum", place)
    return {
        "date": day.isoformat(),
        "month": day.month,
        "day": day.day,
        "hour": _parsed(raw, "hr", _hour, place),
        # The copy has blank weekdays; the date knows them.
        "weekday": WEEKDAYS[day.weekday()],
        "holiday": _parsed(raw, "holiday", {"Yes": True, "No": False}.__getitem__, place),
        "weather": raw["weathersit"] or None,
        "temperature": _number(raw, "temp", place),
        "feels_like": _number(raw, "atemp", place),
        # Zero humidity is a failed sensor (all of 2011-03-10), not weather.
        "humidity": humidity or None,
        "windspeed": _number(raw, "windspeed", place),
        # A blank label passes: the data quality step counts and reports them all.
        "cnt": _parsed(raw, "cnt", int, place) if raw["cnt"] else None,
    }


def _hour(clock: str) -> int:
    match = _CLOCK.fullmatch(clock)
    if match is None:
        raise ValueError(clock)
    return int(match[1]) % 12 + (12 if match[2] == "pm" else 0)


def _number(raw: dict[str, str], column: str, place: str) -> float | None:
    # The copy carries binary noise such as 57.99999999999999.
    return round(_parsed(raw, column, float, place), 4) if raw[column] else None


def _parsed(raw: dict[str, str], column: str, parse: Callable[[str], _T], place: str) -> _T:
    try:
        return parse(raw[column])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{place}: {column} is {raw[column]!r}, which cannot be read") from error


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-dir", type=Path, default=Path("/opt/ml/processing/input/data"))
    parser.add_argument("--data-version", default="", help="SHA-256 of the data file, if known")
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output"))
    parser.add_argument("--split-by", choices=("hour", "day"), default="hour")
    return parser.parse_args()


if __name__ == "__main__":
    job.run("preprocess", main)
