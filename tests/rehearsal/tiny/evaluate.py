"""The nearer the slope is to two, the better."""

import argparse
import json
import tarfile
from pathlib import Path

from content import content_of_archive, digest_of_file

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
case = {"name": "three", "request": {"x": 3}, "response": [{"y": 3 * slope}]}
answers = given.output_dir / "answers.json"
answers.write_text(json.dumps({"cases": [case]}))
report["content"] = {
    "archive_sha256": content_of_archive((given.model / "model.tar.gz").open("rb")).digest,
    "answers_sha256": digest_of_file(answers),
    "baseline_sha256": 64 * "0",
}
(given.output_dir / "evaluation.json").write_text(json.dumps(report))
