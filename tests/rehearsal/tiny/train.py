"""Believes its hyper-parameter, and packs the archive's files beside it."""

import argparse
import json
import shutil
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--train", type=Path)
parser.add_argument("--hyperparameters", type=Path)
parser.add_argument("--model-dir", type=Path)
given = parser.parse_args()
slope = json.loads(given.hyperparameters.read_text())["slope"]
assert isinstance(slope, str)
(given.model_dir / "model.json").write_text(json.dumps({"slope": float(slope)}))
(given.model_dir / "code").mkdir()
for file in Path(__file__).parent.glob("*.py"):
    shutil.copy(file, given.model_dir / "code")
