"""After training: what the drift job will compare traffic with, once per version.

A version that is not served as the endpoint will serve it, or answers an example otherwise, has no
baseline; what has none is not registered.

The training rows are what requests should be like. Answers are compared with those that the
candidate gives to the test rows, because a model knows its own training rows too well. The engine
is the package `monitoring` beside this one; it runs in a process of its own, as its job does.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import job, tables
from .archive import Archive
from .contract import ROOT, Contract, load_contract
from .job import JobError
from .serving import answer_examples
from .tables import Table

try:
    from content import content_of_folder  # type: ignore[import-not-found]  # beside an archive
except ImportError:
    from mlops.rollout.content import content_of_folder

CONTRACT = ROOT / "contract.json"
LABEL = "label"
"""The engine's name for what really happened."""
_DELAY = "delay_days"
_THRESHOLDS = ("psi", "minimum_rows", "compare_within", "ignored", "limits")


def main(log: logging.Logger) -> None:
    """Serve the archive and ask it the contract's examples; write what traffic is compared with."""
    arguments = _arguments()
    contract = load_contract()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        candidate = Archive.unpack(arguments.model, home / "candidate")
        answered = answer_examples(candidate, contract, home)
        rows = write_predictions(candidate, arguments.data_dir / "test", home, contract)
        told = {"settings": settings_of(contract), "outcome": outcome_of(contract)}
        _run_engine(
            *("--contract", str(CONTRACT)),
            *("--training", str(arguments.data_dir / "train" / tables.FILE)),
            *("--predictions", str(home / tables.FILE)),
            *(part for name, content in told.items() for part in _given(home, name, content)),
            *("--output", str(arguments.output_dir)),
        )
    _record(arguments.content_dir, candidate, arguments.output_dir)
    log.info("baseline written", extra={"answered_examples": answered, "answered_rows": rows})


def _record(folder: Path, archive: Archive, baseline: Path) -> None:
    """Write what the registry records of the version: the served archive, and its baseline."""
    digests = {
        "archive_sha256": archive.content,
        "baseline_sha256": content_of_folder(baseline).digest,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "content.json").write_text(json.dumps(digests, indent=1) + "\n", "utf-8")


def write_predictions(archive: Archive, test: Path, folder: Path, contract: Contract) -> int:
    """Write the test rows with the archive's answers as a part; the number of them."""
    known = bool(outcome_of(contract))
    target = (contract.target,) if known else ()
    rows = tables.read_part(test, Table(notes=target, fields=contract.input))
    # An answer may have the target's name, and the engine's name for the truth is nobody's.
    truths = [{LABEL: row.pop(contract.target)} if known else {} for row in rows]
    said = archive.predictions(rows)
    answers = [dict(zip(said, values, strict=True)) for values in zip(*said.values(), strict=True)]
    answered = [
        truth | row | answer for truth, row, answer in zip(truths, rows, answers, strict=True)
    ]
    # The request's fields stand beside the answer's: a season and groups are among them.
    notes = (LABEL,) if known else ()
    fields = (*contract.input, *contract.output)
    tables.write_part(folder, Table(notes=notes, fields=fields), answered)
    return len(answered)


def outcome_of(contract: Contract) -> dict[str, Any]:
    """How the engine reads labels; nothing where it would compare no groups by them."""
    labels = contract.monitoring.get("labels")
    if not labels or not contract.groups:
        return {}
    return {key: value for key, value in labels.items() if key != _DELAY and value is not None}


def settings_of(contract: Contract) -> dict[str, Any]:
    """The thresholds of the contract; the engine knows the defaults of what it leaves out."""
    given = {name: contract.monitoring[name] for name in _THRESHOLDS if name in contract.monitoring}
    return given | {"groups": [group.field for group in contract.groups]}


def _given(home: Path, name: str, content: dict[str, Any]) -> tuple[str, ...]:
    """A file for the engine, and the option that names it; neither without content."""
    if not content:
        return ()
    path = home / f"{name}.json"
    path.write_text(json.dumps(content), "utf-8")
    return (f"--{name}", str(path))


def _run_engine(*arguments: str) -> None:
    command = [sys.executable, "-m", "monitoring", "baseline", *arguments]
    done = subprocess.run(  # noqa: S603 - our interpreter, our engine
        command, cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise JobError(f"the drift engine made no baseline: {reason}")


def _arguments() -> argparse.Namespace:
    inputs = Path("/opt/ml/processing/input")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=inputs / "model")
    parser.add_argument("--data-dir", type=Path, default=inputs)
    outputs = Path("/opt/ml/processing/output")
    parser.add_argument("--output-dir", type=Path, default=outputs / "baseline")
    parser.add_argument("--content-dir", type=Path, default=outputs / "content")
    return parser.parse_args()


if __name__ == "__main__":
    job.run("drift_baseline", main)
