"""The nearer the slope is to two, the better."""

import argparse
import json
import tarfile
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=Path)
parser.add_argument("--output-dir", type=Path)
parser.add_argument("--approved-version")
given = parser.parse_args()
with tarfile.open(given.model / "model.tar.gz") as archive:
    slope = json.load(archive.extractfile("model.json"))["slope"]
r2 = 1 - abs(slope - 2)
report = {
    "metrics": {"r2": {"value": r2, "low": r2 - 0.1, "high": r2 + 0.05}},
    "approved": {"version": int(given.approved_version)},
    "gates": {"passed": r2 >= 0.5, "message": f"r2 is {r2:g}"},
}
(given.output_dir / "evaluation.json").write_text(json.dumps(report))
case = {"name": "three", "request": {"x": 3}, "response": [{"y": 3 * slope}]}
(given.output_dir / "answers.json").write_text(json.dumps({"cases": [case]}))
