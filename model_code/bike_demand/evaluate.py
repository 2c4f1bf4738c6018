"""Fourth step: how good the candidate is on held-out hours of 2011, beside what it must beat.

2012 (`later`) is reported so that drift is visible, and decides nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import baselines
import hours
from jobs import evaluation, job, regression, tables
from jobs.archive import Archive
from jobs.contract import Row, load_contract
from jobs.evaluation import Judgement, Versions
from jobs.regression import HIGHER_IS_BETTER, Scored
from jobs.resampling import Figures

_HOUR_BANDS = ((6, "night"), (10, "morning"), (16, "midday"), (20, "evening"), (24, "late"))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The rows that a candidate is judged by; the training rows only feed the baselines."""

    train: list[Row]
    test: list[Row]
    later: list[Row]


def main(log: logging.Logger) -> None:
    """Evaluate, record the version's own answers, say what the gates say."""
    evaluation.run(judge, __doc__, log)


def judge(versions: Versions, folder: Path) -> Judgement:
    """Both versions on the same test hours; the candidate alone on 2012."""
    names = ("train", "test", "later")
    parts = Parts(**{part: tables.read_part(folder / part, hours.table()) for part in names})
    scored = score(versions.candidate, parts.test)
    figures = regression.figures(scored)
    approved = versions.approved
    reference = regression.figures(score(approved, parts.test)) if approved else {}
    return {
        "metrics": regression.with_bounds(scored, _days(parts.test)),
        "regression": evaluation.worsening(figures, reference, HIGHER_IS_BETTER),
        "approved": reference,
        "baselines": _baselines(parts.train, parts.test),
        "segments": segments(scored, parts.test),
        "later": _later(versions.candidate, parts),
        "rows": {part: len(rows) for part, rows in vars(parts).items()},
    }


def score(archive: Archive, rows: Sequence[Row]) -> Scored:
    """A version's answers beside the labels."""
    said = {name: np.array(values) for name, values in archive.predictions(rows).items()}
    low, high = said.get("demand_low"), said.get("demand_high")
    return Scored(truth=hours.rentals(rows), predicted=said["demand"], low=low, high=high)


def segments(scored: Scored, rows: Sequence[Row]) -> dict[str, dict[str, Figures]]:
    """The metrics of each part of the rows that people care about, with its number of rows."""
    found: dict[str, dict[str, Figures]] = {}
    for segment, key in SEGMENTS.items():
        keys = [key(row) for row in rows]
        found[segment] = {
            str(value): {"rows": float(keys.count(value)), **_masked(scored, keys, value)}
            for value in sorted(set(keys), key=str)
        }
    return found


def _later(candidate: Archive, parts: Parts) -> dict[str, Any]:
    scored = score(candidate, parts.later)
    means = {"train": hours.rentals(parts.train).mean(), "later": scored.truth.mean()}
    return {
        "metrics": regression.with_bounds(scored, _days(parts.later)),
        "baselines": _baselines(parts.train, parts.later),
        "mean_label": {part: float(mean) for part, mean in means.items()},
    }


def _baselines(train: list[Row], rows: list[Row]) -> dict[str, Figures]:
    truth = hours.rentals(rows)
    guesses = baselines.predictions(train, rows, load_contract().target)
    return {n: regression.figures(Scored(truth=truth, predicted=g)) for n, g in guesses.items()}


def _masked(scored: Scored, keys: list[Hashable], value: Hashable) -> Figures:
    return regression.figures(scored.subset(np.array([key == value for key in keys])))


def _days(rows: Sequence[Row]) -> list[Hashable]:
    return [(row["month"], row["day"]) for row in rows]


def _hours(row: Row) -> str:
    hour: Any = row["hour"]
    return next(name for end, name in _HOUR_BANDS if hour < end)


def _quarter(row: Row) -> str:
    month: Any = row["month"]
    return f"Q{(month + 2) // 3}"


def _kind_of_day(row: Row) -> str:
    if row["holiday"]:
        return "holiday"
    return "weekend" if row["weekday"] in ("Sat", "Sun") else "working day"


SEGMENTS: dict[str, Callable[[Row], Hashable]] = {
    "hours": _hours,
    "day": _kind_of_day,
    "weather": lambda row: row["weather"] or "unknown",
    "quarter": _quarter,
}


if __name__ == "__main__":
    job.run("evaluate", main)
