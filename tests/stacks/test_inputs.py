"""The record of what a synthesis reads is held against what a synthesis opened."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mlops.pipeline import SynthesisInputs

ROOT = Path(__file__).resolve().parents[2]
# The interpreter reports every file that it opens, imported modules included.
WITNESS = """
import atexit, os, sys
opened = set()
def hear(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        opened.add(os.path.realpath(os.fsdecode(arguments[0])))
sys.addaudithook(hear)
def tell():
    names = "\\n".join(sorted(opened))
    with open(os.environ["TEST_OPENED"], "w") as file:
        file.write(names)
atexit.register(tell)
"""
MADE = (".mlops", ".venv", "node_modules")


def test_every_file_that_a_synthesis_opened_is_in_its_record(
    root: Path, cdk_context: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITNESS)
    environment = os.environ | {
        "CDK_CONTEXT_JSON": json.dumps(cdk_context),
        "CDK_OUTDIR": str(tmp_path / "cdk.out"),
        "PYTHONPATH": str(tmp_path),
        "TEST_OPENED": str(tmp_path / "opened"),
    }

    subprocess.run([sys.executable, str(root / "app.py")], env=environment, check=True)

    recorded = SynthesisInputs.recorded(tmp_path / "cdk.out")
    assert recorded is not None
    known = {os.path.realpath(root / name) for name in recorded.files}
    opened = {_source(path) for path in (tmp_path / "opened").read_text().splitlines()}
    inputs = {path for path in opened if _is_ours(path, root)}
    assert len(inputs) > 200
    assert any(path.endswith("hours.csv.gz") for path in inputs)
    assert inputs - known == set()


def _source(path: str) -> str:
    """The module that compiled code was made from; it is what a person edits."""
    return importlib.util.source_from_cache(path) if path.endswith(".pyc") else path


def _is_ours(path: str, root: Path) -> bool:
    for home in (ROOT, root.resolve()):
        if Path(path).is_relative_to(home):
            return Path(path).is_file() and Path(path).relative_to(home).parts[0] not in MADE
    return False
