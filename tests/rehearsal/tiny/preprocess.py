"""Copies the rows into both parts, and records the data as the platform's own code does."""

import argparse
import hashlib
import json
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--input-dir", type=Path)
parser.add_argument("--output-dir", type=Path)
given = parser.parse_args()
rows = next(given.input_dir.iterdir()).read_text()
for part in ("train", "test"):
    (given.output_dir / part / "part.csv").write_text(rows)
version = hashlib.sha256(rows.encode()).hexdigest()
(given.output_dir / "read" / "data.json").write_text(json.dumps({"version": version}))
