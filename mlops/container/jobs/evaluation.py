"""The frame of every evaluation: versions are unpacked, judged by the model's code, recorded.

The candidate and the approved version are each asked through the code in their own archive.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import gates
from .archive import Archive, Case, Refusal
from .contract import load_contract
from .job import DataError
from .probe_cases import probe_cases

try:
    from content import digest_of_file  # type: ignore[import-not-found]  # beside an archive
    from probes import cases_of  # type: ignore[import-not-found]  # beside an archive
except ImportError:
    from mlops.rollout.content import digest_of_file
    from mlops.rollout.probes import cases_of

Judgement = dict[str, Any]
_JUDGED = ("metrics", "approved", "regression")


@dataclass(frozen=True, kw_only=True)
class Versions:
    """What is compared."""

    candidate: Archive
    approved: Archive | None
    """None before the first approval."""


def run(
    judge: Callable[[Versions, Path], Judgement], description: str | None, log: logging.Logger
) -> None:
    """Write evaluation.json and answers.json.

    `judge` measures both versions on the parts in a folder. What it returns holds `metrics`, each
    a figure with its value, `approved`, the metrics of the approved version, and `regression`, by
    how much the candidate is worse, metric by metric; whatever else it holds is recorded too.
    """
    arguments = _arguments(description)
    contract = load_contract()
    with tempfile.TemporaryDirectory() as scratch:
        versions = _versions(arguments, Path(scratch))
        judgement = _complete(judge(versions, arguments.data_dir))
        asked = [*contract.cases, *probe_cases(contract, arguments.data_dir / "test")]
        answers = own_answers(versions.candidate, asked, log)
    figures = {name: figure["value"] for name, figure in judgement["metrics"].items()}
    approved = {"version": arguments.approved_version, "metrics": judgement["approved"]}
    verdict = gates.verdict(contract.gates, figures, judgement["regression"])
    recorded = arguments.output_dir / "answers.json"
    _write(recorded, {"cases": answers})
    content = {
        "archive_sha256": versions.candidate.content,
        "answers_sha256": digest_of_file(recorded),
    }
    evaluation = judgement | {"approved": approved, "gates": verdict, "content": content}
    _write(arguments.output_dir / "evaluation.json", evaluation)
    log.info("evaluated", extra={key: evaluation[key] for key in ("metrics", "gates")})


def _complete(judgement: Judgement) -> Judgement:
    """A judgement with everything that is read of it.

    Raises:
        DataError: the model's `judge` left something out.
    """
    missing = [name for name in _JUDGED if name not in judgement]
    missing += [f"metrics.{name}.value" for name, figure in judgement.get("metrics", {}).items()
                if "value" not in figure]  # fmt: skip
    if missing:
        raise DataError(
            f"evaluate.py: judge() returns no {missing[0]}; allowed: {', '.join(_JUDGED)}, and a "
            "value for every metric"
        )
    return judgement


def own_answers(
    archive: Archive, cases: Sequence[dict[str, Any]], log: logging.Logger
) -> list[dict[str, Any]]:
    """The version's answers to these requests, as later checks will compare them.

    What it does not answer is left out and logged, unless it is an example of the contract.
    """
    responses = archive.answers([_asked(case) for case in cases])
    found = []
    for case, response in zip(cases, responses, strict=True):
        if isinstance(response, Refusal):
            log.warning("not answered", extra={"request": case["name"], "reason": response.reason})
        else:
            found.append(case | {"response": response})
    return found


def _asked(case: dict[str, Any]) -> Case:
    [probe] = cases_of({"cases": [{"response": None} | case]})
    return Case(
        request=probe.body.decode(),
        content_type=probe.content_type,
        accept=probe.accept,
        may_refuse="response" not in case,
    )


def worsening(
    candidate: gates.Figures, approved: gates.Figures, higher_is_better: dict[str, bool]
) -> dict[str, float]:
    """How much worse the candidate is, per metric, in the metric's unit; negative is better.

    A first version is compared with itself, and so is a metric that the approved one has not.
    """
    return {
        # Adding 0.0 keeps an unchanged figure from being called -0.
        name: (approved.get(name, value) - value) * (1 if higher_is_better[name] else -1) + 0.0
        for name, value in candidate.items()
    }


def _versions(arguments: argparse.Namespace, scratch: Path) -> Versions:
    candidate = Archive.unpack(arguments.model, scratch / "candidate")
    if arguments.approved_version == 0:
        return Versions(candidate=candidate, approved=None)
    approved = Archive.unpack(arguments.approved, scratch / "approved")
    return Versions(candidate=candidate, approved=approved)


def _write(path: Path, content: Judgement) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", "utf-8")


def _arguments(description: str | None) -> argparse.Namespace:
    inputs = Path("/opt/ml/processing/input")
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", type=Path, default=inputs / "model")
    parser.add_argument("--approved", type=Path, default=inputs / "approved")
    parser.add_argument("--approved-version", type=int, default=0, help="0: none is approved")
    parser.add_argument("--data-dir", type=Path, default=inputs)
    parser.add_argument(
        "--output-dir", type=Path, default=Path("/opt/ml/processing/output/evaluation")
    )
    return parser.parse_args()
