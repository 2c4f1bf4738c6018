"""The same commit gives the same bytes: wherever, whenever, and without a network."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Another date for Python, and a network that is not there.
PYTHON_GUARD = """
import datetime, os, socket, time
shift = float(os.environ["TEST_CLOCK_SHIFT"])
real = time.time
time.time = lambda: real() + shift
class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
datetime.datetime = Shifted
def refuse(*args, **kwargs):
    raise OSError("no network in this test")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
"""
# The same for node, which renders the templates.
NODE_GUARD = """
const shift = 1000 * Number(process.env.TEST_CLOCK_SHIFT);
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...args) { args.length ? super(...args) : super(Real.now() + shift); }
  static now() { return Real.now() + shift; }
};
const refuse = () => { throw new Error('no network in this test'); };
require('net').Socket.prototype.connect = refuse;
require('dns').lookup = refuse;
"""
RUNS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "TEST_CLOCK_SHIFT": "0"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "TEST_CLOCK_SHIFT": "40000000"},
    {"PYTHONHASHSEED": "4711", "TZ": "America/Lima", "TEST_CLOCK_SHIFT": "-90000000"},
)


@pytest.fixture(scope="module")
def syntheses(
    root: Path, cdk_context: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Three assemblies, each made by a process of its own in surroundings of its own."""
    processes = [
        started(root, tmp_path_factory.mktemp(f"run{n}"), run, cdk_context)
        for n, run in enumerate(RUNS)
    ]
    return [finished(process, folder) for process, folder in processes]


def started(
    root: Path, folder: Path, run: dict[str, str], context: dict[str, Any]
) -> tuple[subprocess.Popen[str], Path]:
    (folder / "sitecustomize.py").write_text(PYTHON_GUARD)
    (folder / "guard.js").write_text(NODE_GUARD)
    environment = {
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(folder / "cdk.out"),
        "HOME": os.environ.get("HOME", str(folder)),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "NODE_OPTIONS": f"--require {folder / 'guard.js'}",
        # Node, and neither docker nor anything else.
        "PATH": str(Path(os.environ.get("JSII_NODE") or shutil.which("node") or "").parent),
        "PYTHONPATH": str(folder),
        **run,
    }
    process = subprocess.Popen(
        [sys.executable, str(root / "app.py")],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return process, folder / "cdk.out"


def finished(process: subprocess.Popen[str], assembly: Path) -> Path:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return assembly


def contents(assembly: Path) -> dict[str, str]:
    return {
        str(path.relative_to(assembly)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(assembly.rglob("*"))
        if path.is_file()
    }


def test_three_syntheses_give_the_same_bytes(syntheses: list[Path]) -> None:
    first, second, third = (contents(assembly) for assembly in syntheses)

    assert any(name.endswith(".template.json") for name in first)
    assert any(name.startswith("asset.") for name in first)
    assert first == second == third


def test_the_guards_of_this_test_really_run(tmp_path: Path) -> None:
    (tmp_path / "guard.js").write_text(NODE_GUARD)
    node = os.environ.get("JSII_NODE") or shutil.which("node") or "node"

    year = subprocess.run(
        [node, "--require", str(tmp_path / "guard.js"), "-p", "new Date().getTime() > 4e12"],
        env={"TEST_CLOCK_SHIFT": "4000000000"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert year.stdout.strip() == "true"
