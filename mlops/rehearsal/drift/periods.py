"""The rows that a model did not learn from, in the order in which they happened, by period.

They are the part `later` of a training execution: exactly what the pipeline kept back, in the
contract's names and types.
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mlops.contract import ModelSpec
from mlops.rehearsal.errors import RehearsalError

Row = dict[str, Any]
_MOST_ROWS: Final = 5_000
"""Requests of a period; of a longer one a fair sample is asked."""
_QUARTER_MONTHS: Final = 3
_MONTHS: Final = 12
_DATELESS: Final = (
    "Data without dates has no past to replay: judge captured traffic with `python -m "
    "mlops.container.monitoring analyse` (docs/concepts/drift.md)"
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request of the past, and what really happened."""

    at: datetime
    request: Row
    truth: Any


@dataclass(frozen=True, kw_only=True)
class Period:
    """A month of a year, or its quarter where the data knows years only."""

    start: date
    end: date
    """The first day after it."""
    cases: Sequence[Case]

    @property
    def name(self) -> str:
        """As people call it."""
        return f"{self.start:%Y-%m}"


def periods_of(part: Path, spec: ModelSpec, *, seed: int = 0) -> list[Period]:
    """The periods of a part's file.

    Raises:
        RehearsalError: no row is kept back, or no column says when each of them happened.
    """
    with part.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or ()
        rows = list(reader)
    if not rows:
        raise RehearsalError(
            f"{spec.name}: preprocess keeps no row back as `later`, so there is no past to replay; "
            "allowed: rows from data.training_end on; remedy: set data.training_end in model.yaml "
            f"to a day that the data reaches beyond. {_DATELESS}"
        )
    if "date" in columns:
        return [_period(*month, spec, seed, begin=month[0]) for month in _months(rows)]
    if "year" in columns:
        # Nobody knows the days, so let them be those that the drift job looks at.
        window = timedelta(days=spec.monitoring.window_days)
        quarters = _quarters(rows, seed)
        return [_period(*quarter, spec, seed, begin=quarter[1] - window) for quarter in quarters]
    raise RehearsalError(
        f"{part}: no column says when a row happened; allowed: date (2012-01-31) or year (2012); "
        f"remedy: write one of them as a note of the table in preprocess.py. {_DATELESS}"
    )


def _months(rows: Sequence[Mapping[str, str]]) -> Iterator[tuple[date, date, list[Any]]]:
    by_month: dict[date, list[Any]] = {}
    for row in rows:
        by_month.setdefault(_day(row["date"]).replace(day=1), []).append(row)
    for start in sorted(by_month):
        yield start, (start + timedelta(days=31)).replace(day=1), by_month[start]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _no_time("date", text, "a day like 2012-01-31") from error


def _first_day(year: str, month: int) -> date:
    try:
        return date(int(year), month, 1)
    except ValueError as error:
        raise _no_time("year", year, "a year like 2012") from error


def _no_time(column: str, text: str, allowed: str) -> RehearsalError:
    return RehearsalError(
        f"{column} of a row that is kept back is {text!r}; allowed: {allowed}; remedy: write it so "
        "in preprocess.py"
    )


def _quarters(
    rows: Sequence[Mapping[str, str]], seed: int
) -> Iterator[tuple[date, date, list[Any]]]:
    """The rows of a year at random over its quarters, for nobody knows their days."""
    draw = random.Random(seed)  # noqa: S311  # no secret
    by_quarter: dict[date, list[Any]] = {}
    for row in rows:
        month = 1 + _QUARTER_MONTHS * draw.randrange(_MONTHS // _QUARTER_MONTHS)
        by_quarter.setdefault(_first_day(row["year"], month), []).append(row)
    for start in sorted(by_quarter):
        end = (start + timedelta(days=31 * _QUARTER_MONTHS)).replace(day=1)
        yield start, end, by_quarter[start]


def _period(
    start: date,
    end: date,
    rows: list[Mapping[str, str]],
    spec: ModelSpec,
    seed: int,
    *,
    begin: date,
) -> Period:
    if len(rows) > _MOST_ROWS:
        draw = random.Random(f"{seed} {start}")  # noqa: S311  # no secret
        kept = sorted(draw.sample(range(len(rows)), _MOST_ROWS))
        rows = [rows[index] for index in kept]
    # Spread evenly: not every model's data knows the hour.
    first = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    step = (datetime(end.year, end.month, end.day, tzinfo=UTC) - first) / max(1, len(rows))
    cases = [
        Case(at=first + (number + 0.5) * step, request=_request(row, spec), truth=_truth(row, spec))
        for number, row in enumerate(rows)
    ]
    return Period(start=start, end=end, cases=cases)


def _request(row: Mapping[str, str], spec: ModelSpec) -> Row:
    return {field.name: typed(row[field.name], field.type) for field in spec.schema_.input}


def _truth(row: Mapping[str, str], spec: ModelSpec) -> Any:
    kind = "number" if spec.problem.type == "regression" else "boolean"
    return typed(row[spec.problem.target], kind)


def typed(cell: str, kind: str) -> Any:
    """A cell as a contract's type; an empty one is null."""
    if not cell:
        return None
    if kind == "boolean":
        return cell == "true"
    if kind == "string":
        return cell
    return int(cell) if kind == "integer" else float(cell)
