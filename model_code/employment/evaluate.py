"""Fourth step: how good the candidate is on held-out households of 2015, and for whom.

2016 to 2018 (`later`) are reported year by year and decide nothing: the world of this data hardly
moves in three years, so a monitor that raises an alarm here cries wolf.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import baselines
import people
from jobs import classification, evaluation, fairness, job, recent, tables
from jobs.archive import Archive
from jobs.classification import Scored
from jobs.contract import Group, Row, load_contract
from jobs.evaluation import Judgement, Versions
from jobs.resampling import Bounded, Figures

GROWN = 16  # the survey calls nobody younger employed
AGES = ((16, "under 16"), (25, "16 to 24"), (55, "25 to 54"), (65, "55 to 64"), (200, "65 or more"))
DEGREES = ((16, "no diploma"), (20, "high school"), (25, "a degree"))


def main(log: logging.Logger) -> None:
    """Evaluate, record the version's own answers, say what the gates say."""
    evaluation.run(judge, __doc__, log)


def judge(versions: Versions, folder: Path) -> Judgement:
    """Both versions on the same test households; the candidate alone on the later years."""
    table = people.table()
    parts = {part: tables.read_part(folder / part, table) for part in ("train", "test")}
    parts["later"] = tables.read_later(folder / "later", table)
    window = recent.window_of(parts["test"], days=load_contract().recent_days)
    test = window.of(parts["test"])
    scored = score(versions.candidate, test)
    approved = versions.approved
    reference = _figures(score(approved, test), test) if approved else {}
    gaps, groups = _compared(scored, test)
    return {
        "window": window.told(),
        "metrics": classification.with_bounds(scored, people.households(test)) | gaps,
        "regression": evaluation.worsening(_figures(scored, test), reference, HIGHER_IS_BETTER),
        "approved": reference,
        "groups": groups,
        "grown": _grown(scored, test),
        "baselines": _baselines(parts["train"], test),
        "segments": segments(scored, test),
        "later": _later(versions.candidate, parts["later"]),
        "mean_label": {
            part: float(people.employed(rows).mean()) for part, rows in parts.items() if rows
        },
        "rows": {part: len(rows) for part, rows in parts.items()},
    }


def score(archive: Archive, rows: Sequence[Row]) -> Scored:
    """A version's answers beside the labels."""
    said = archive.predictions(rows)
    return Scored(
        truth=people.employed(rows),
        probability=np.array(said["probability"]),
        decided=np.array(said["employed"], dtype=np.float64),
    )


def segments(scored: Scored, rows: Sequence[Row]) -> dict[str, dict[str, Figures]]:
    """The metrics of each part of the rows that people care about, with its number of rows."""
    found: dict[str, dict[str, Figures]] = {}
    for segment, key in SEGMENTS.items():
        keys = [key(row) for row in rows]
        found[segment] = {
            str(value): {
                "rows": float(keys.count(value)),
                **classification.figures(scored.subset(np.array([k == value for k in keys]))),
            }
            for value in sorted(set(keys), key=str)
        }
    return found


def _figures(scored: Scored, rows: Sequence[Row]) -> Figures:
    """Everything that gates may name."""
    return classification.figures(scored) | _gaps(scored, rows)


def _gaps(scored: Scored, rows: Sequence[Row]) -> Figures:
    found: Figures = {}
    for group in load_contract().groups:
        found |= fairness.gaps(scored, [row[group.field] for row in rows], group)
    return found


def _compared(scored: Scored, rows: Sequence[Row]) -> tuple[Bounded, dict[str, Any]]:
    """The gaps of every division into groups, and the groups themselves by field."""
    gaps: Bounded = {}
    groups: dict[str, Any] = {}
    for group in load_contract().groups:
        values = [row[group.field] for row in rows]
        found = fairness.compare(scored, values, group, people.households(rows))
        gaps |= found.gaps
        groups[group.field] = found.groups
    return gaps, groups


def _grown(scored: Scored, rows: Sequence[Row]) -> Bounded:
    """The same without the children, about whom the age alone says everything."""
    mask = np.array([_age(row) >= GROWN for row in rows])
    homes = [home for home, grown in zip(people.households(rows), mask, strict=True) if grown]
    return classification.with_bounds(scored.subset(mask), homes)


def _later(candidate: Archive, rows: list[Row]) -> dict[str, Any]:
    """Year by year: the metrics, the gaps, and the share of the employed."""
    found: dict[str, Any] = {}
    for year in sorted({str(row["year"]) for row in rows}):
        those = [row for row in rows if row["year"] == year]
        scored = score(candidate, those)
        found[year] = {
            "rows": len(those),
            "metrics": classification.with_bounds(scored, people.households(those)),
            "gaps": _gaps(scored, those),
            "mean_label": float(scored.truth.mean()),
        }
    return found


def _baselines(train: list[Row], rows: list[Row]) -> dict[str, Figures]:
    return {
        name: classification.figures(scored)
        for name, scored in baselines.scored(train, rows).items()
    }


def _age(row: Row) -> int:
    age: Any = row["age"]
    return int(age)


def _band(row: Row) -> str:
    return next(name for end, name in AGES if _age(row) < end)


def _degree(row: Row) -> str:
    education: Any = row["education"]
    if education is None:
        return "not asked"
    return next(name for end, name in DEGREES if education < end)


def _named(group: Group) -> Callable[[Row], Hashable]:
    return lambda row: group.names[Group.key(row[group.field])]


SEGMENTS: dict[str, Callable[[Row], Hashable]] = {
    "age": _band,
    "education": _degree,
    **{group.field: _named(group) for group in load_contract().groups},
}
HIGHER_IS_BETTER = classification.HIGHER_IS_BETTER | {
    f"{metric}_{group.field}": False
    for group in load_contract().groups
    for metric in fairness.RATES
}


if __name__ == "__main__":
    job.run("evaluate", main)
