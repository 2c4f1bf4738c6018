"""After training: what the drift job will compare traffic with, once per version.

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
from .tables import Table

CONTRACT = ROOT / "contract.json"
_THRESHOLDS = ("psi", "minimum_rows", "compare_within", "ignored", "limits")


def main(log: logging.Logger) -> None:
    """Write statistics.json and constraints.json."""
    arguments = _arguments()
    contract = load_contract()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        candidate = Archive.unpack(arguments.model, home / "candidate")
        rows = write_predictions(candidate, arguments.data_dir / "test", home, contract)
        (home / "settings.json").write_text(json.dumps(settings_of(contract)), "utf-8")
        _run_engine(
            *("--contract", str(CONTRACT)),
            *("--training", str(arguments.data_dir / "train" / tables.FILE)),
            *("--predictions", str(home / tables.FILE)),
            *("--settings", str(home / "settings.json"), "--output", str(arguments.output_dir)),
        )
    log.info("baseline written", extra={"answered_rows": rows})


def write_predictions(archive: Archive, test: Path, folder: Path, contract: Contract) -> int:
    """Write the test rows with the archive's answers as a part; the number of them."""
    rows = tables.read_part(test, Table(notes=(), fields=contract.input))
    said = archive.predictions(rows)
    answers = [dict(zip(said, values, strict=True)) for values in zip(*said.values(), strict=True)]
    answered = [row | answer for row, answer in zip(rows, answers, strict=True)]
    # The request's fields stand beside the answer's: a season is one of them.
    tables.write_part(folder, Table(notes=(), fields=(*contract.input, *contract.output)), answered)
    return len(answered)


def settings_of(contract: Contract) -> dict[str, Any]:
    """The thresholds of the contract; the engine knows the defaults of what it leaves out."""
    given = {name: contract.monitoring[name] for name in _THRESHOLDS if name in contract.monitoring}
    return given | {"groups": [group.field for group in contract.groups]}


def _run_engine(*arguments: str) -> None:
    command = [sys.executable, "-m", "monitoring", "baseline", *arguments]
    done = subprocess.run(  # noqa: S603 - our interpreter, our engine
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise JobError(f"the drift engine made no baseline: {reason}")


def _arguments() -> argparse.Namespace:
    inputs = Path("/opt/ml/processing/input")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=inputs / "model")
    parser.add_argument("--data-dir", type=Path, default=inputs)
    parser.add_argument(
        "--output-dir", type=Path, default=Path("/opt/ml/processing/output/baseline")
    )
    return parser.parse_args()


if __name__ == "__main__":
    job.run("drift_baseline", main)
