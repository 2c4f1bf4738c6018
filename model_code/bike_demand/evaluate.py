"""Fourth step: how good the candidate is on held-out hours of 2011, beside what it must beat.

The candidate and the approved version are each asked through the code in their own archive. 2012
(`later`) is reported so that drift is visible, and decides nothing.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import baselines
import gates
import job
import metrics
import tables
from archive import Archive, Case
from contract import Contract, Row, load_contract
from metrics import Figures, Scored

_HOUR_BANDS = ((6, "night"), (10, "morning"), (16, "midday"), (20, "evening"), (24, "late"))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The rows that a candidate is judged by; the training rows only feed the baselines."""

    train: list[Row]
    test: list[Row]
    later: list[Row]


def main(log: logging.Logger) -> None:
    """Evaluate, record the version's own answers, say what the gates say."""
    arguments = _arguments()
    contract = load_contract()
    folder = arguments.data_dir
    parts = Parts(
        **{part: tables.read_part(folder / part, contract) for part in ("train", "test", "later")}
    )
    with tempfile.TemporaryDirectory() as scratch:
        candidate = Archive.unpack(arguments.model, Path(scratch) / "candidate")
        approved = _approved(arguments, Path(scratch) / "approved")
        evaluation = _evaluation(contract, candidate, approved, parts)
        answers = own_answers(candidate, contract.cases)
    evaluation["approved"]["version"] = arguments.approved_version
    _write(arguments.output_dir / "evaluation.json", evaluation)
    _write(arguments.output_dir / "answers.json", {"cases": answers})
    log.info("evaluated", extra={key: evaluation[key] for key in ("metrics", "gates")})


def score(archive: Archive, rows: Sequence[Row], target: str) -> Scored:
    """A version's answers beside the labels."""
    said = archive.predictions(rows)
    low, high = said.get("demand_low"), said.get("demand_high")
    return Scored(truth=_labels(rows, target), demand=said["demand"], low=low, high=high)


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


def own_answers(archive: Archive, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The version's answers to the contract's examples, as later checks will compare them."""
    requests = [Case(request=_text(case), content_type=_content_type(case)) for case in cases]
    responses = archive.answers(requests)
    return [case | {"response": response} for case, response in zip(cases, responses, strict=True)]


def _evaluation(
    contract: Contract, candidate: Archive, approved: Archive | None, parts: Parts
) -> dict[str, Any]:
    target, test = contract.target, parts.test
    scored = score(candidate, test, target)
    figures = metrics.figures(scored)
    reference = metrics.figures(score(approved, test, target)) if approved else {}
    worse_by = metrics.worsening(figures, reference or figures)
    return {
        "metrics": metrics.with_bounds(scored, _days(test)),
        "regression": worse_by,
        "approved": {"version": 0, "metrics": reference},
        "baselines": _baselines(parts.train, test, target),
        "segments": segments(scored, test),
        "later": _later(candidate, parts, target),
        "rows": {part: len(rows) for part, rows in vars(parts).items()},
        "gates": gates.verdict(contract.gates, figures, worse_by),
    }


def _later(candidate: Archive, parts: Parts, target: str) -> dict[str, Any]:
    scored = score(candidate, parts.later, target)
    means = {"train": _labels(parts.train, target).mean(), "later": scored.truth.mean()}
    return {
        "metrics": metrics.with_bounds(scored, _days(parts.later)),
        "baselines": _baselines(parts.train, parts.later, target),
        "mean_label": {part: float(mean) for part, mean in means.items()},
    }


def _baselines(train: list[Row], rows: list[Row], target: str) -> dict[str, Figures]:
    truth = _labels(rows, target)
    guesses = baselines.predictions(train, rows, target)
    return {n: metrics.figures(Scored(truth=truth, demand=g)) for n, g in guesses.items()}


def _approved(arguments: argparse.Namespace, target: Path) -> Archive | None:
    if arguments.approved_version == 0:
        return None
    return Archive.unpack(arguments.approved, target)


def _masked(scored: Scored, keys: list[Hashable], value: Hashable) -> Figures:
    return metrics.figures(scored.subset(np.array([key == value for key in keys])))


def _labels(rows: Sequence[Row], target: str) -> metrics.Numbers:
    return np.array([row[target] for row in rows], dtype=np.float64)


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


def _text(case: dict[str, Any]) -> str:
    """The request as it travels; contract.json may hold it as text or as the JSON it says."""
    request = case["request"]
    return request if isinstance(request, str) else json.dumps(request)


def _content_type(case: dict[str, Any]) -> str:
    if "content_type" in case:
        return str(case["content_type"])
    return "application/json" if _text(case).lstrip()[:1] in ("{", "[") else "text/csv"


SEGMENTS: dict[str, Callable[[Row], Hashable]] = {
    "hours": _hours,
    "day": _kind_of_day,
    "weather": lambda row: row["weather"] or "unknown",
    "quarter": _quarter,
}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    inputs = Path("/opt/ml/processing/input")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=inputs / "model")
    parser.add_argument("--approved", type=Path, default=inputs / "approved")
    parser.add_argument("--approved-version", type=int, default=0, help="0: none is approved")
    parser.add_argument("--data-dir", type=Path, default=inputs)
    parser.add_argument(
        "--output-dir", type=Path, default=Path("/opt/ml/processing/output/evaluation")
    )
    return parser.parse_args()


if __name__ == "__main__":
    job.run("evaluate", main)
