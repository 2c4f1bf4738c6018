"""Fourth step: how good the candidate is on recent held-out hours, beside what it must beat.

Demand grows, and the model answers at its newest level: hours of a year ago would ask for another
one. So the gates read the contract's recent days. All held-out hours are reported as well, and
what came after the end of training (`later`), so that drift is visible; neither decides anything.
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
from jobs import evaluation, job, recent, regression, tables
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
    """Both versions on the same recent test hours; the candidate alone on all others."""
    parts = _read(folder)
    everything = score(versions.candidate, parts.test)
    window = recent.window_of(parts.test, days=load_contract().recent_days)
    scored, rows = everything.subset(np.array(window.mask)), window.of(parts.test)
    figures = regression.figures(scored)
    approved = versions.approved
    reference = regression.figures(score(approved, rows)) if approved else {}
    return {
        "window": window.told(),
        "metrics": regression.with_bounds(scored, _days(rows)),
        "regression": evaluation.worsening(figures, reference, HIGHER_IS_BETTER),
        "approved": reference,
        "baselines": _baselines(parts.train, rows),
        "segments": segments(scored, rows),
        "held_out": _reported(everything, parts.train, parts.test),
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


def _read(folder: Path) -> Parts:
    table = hours.table()
    return Parts(
        train=tables.read_part(folder / "train", table),
        test=tables.read_part(folder / "test", table),
        later=tables.read_later(folder / "later", table),
    )


def _later(candidate: Archive, parts: Parts) -> dict[str, Any]:
    """What came after the end of training; nothing where that was the end of the data."""
    if not parts.later:
        return {}
    scored = score(candidate, parts.later)
    means = {"train": hours.rentals(parts.train).mean(), "later": scored.truth.mean()}
    return _reported(scored, parts.train, parts.later) | {
        "mean_label": {part: float(mean) for part, mean in means.items()}
    }


def _reported(scored: Scored, train: list[Row], rows: list[Row]) -> dict[str, Any]:
    """What is shown and decides nothing."""
    return {
        "metrics": regression.with_bounds(scored, _days(rows)),
        "baselines": _baselines(train, rows),
    }


def _baselines(train: list[Row], rows: list[Row]) -> dict[str, Figures]:
    truth = hours.rentals(rows)
    guesses = baselines.predictions(train, rows, load_contract().target)
    return {n: regression.figures(Scored(truth=truth, predicted=g)) for n, g in guesses.items()}


def _masked(scored: Scored, keys: list[Hashable], value: Hashable) -> Figures:
    return regression.figures(scored.subset(np.array([key == value for key in keys])))


def _days(rows: Sequence[Row]) -> list[Hashable]:
    return [row["date"] for row in rows]


def _hours(row: Row) -> str:
    hour: Any = row["hour"]
    return next(name for end, name in _HOUR_BANDS if hour < end)


def _kind_of_day(row: Row) -> str:
    if row["holiday"]:
        return "holiday"
    return "weekend" if row["weekday"] in ("Sat", "Sun") else "working day"


SEGMENTS: dict[str, Callable[[Row], Hashable]] = {
    "hours": _hours,
    "day": _kind_of_day,
    "weather": lambda row: row["weather"] or "unknown",
    "month": lambda row: row["month"],
}


if __name__ == "__main__":
    job.run("evaluate", main)
