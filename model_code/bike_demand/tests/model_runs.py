"""The model as the platform packs it, run the way its container does; trained once per session."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1]
SERVER = FOLDER.parents[1] / "mlops/serving/serve.py"


def contract_of(model: dict[str, Any], cases: list[dict[str, Any]]) -> dict[str, Any]:
    """What the platform's packer writes into contract.json."""
    return {
        "name": model["name"],
        "problem": model["problem"],
        "schema": model["schema"],
        "gates": model["gates"],
        "examples": {**model["examples"], "cases": cases},
    }


def example_cases() -> list[dict[str, Any]]:
    cases = []
    for path in sorted((FOLDER / "examples").glob("*.request.*")):
        name, text = path.name.partition(".request")[0], path.read_text()
        request = json.loads(text) if path.suffix == ".json" else text
        response = json.loads(path.with_name(f"{name}.response.json").read_text())
        cases.append({"name": name, "request": request, "response": response})
    return cases


def pack(target: Path) -> Path:
    model = yaml.safe_load((FOLDER / "model.yaml").read_text())
    for source in (*FOLDER.glob("*.py"), SERVER, SERVER.with_name("model_server.py")):
        shutil.copyfile(source, target / source.name)
    (target / "contract.json").write_text(json.dumps(contract_of(model, example_cases())))
    return target


# The scripts look for contract.json beside themselves, so the tests import the packed copies.
PACKED = pack(Path(tempfile.mkdtemp(prefix="bike-demand-")))
atexit.register(shutil.rmtree, PACKED, ignore_errors=True)
sys.path.insert(0, str(PACKED))


@dataclass(frozen=True, kw_only=True)
class Run:
    code: int
    log: str
    message: str

    @property
    def reason(self) -> str:
        """The one line that a failed script logs; fails when there is more, or a traceback."""
        errors = [line for line in map(json.loads, self.log.splitlines()) if "reason" in line]
        assert len(errors) == 1, self.log
        assert "traceback" not in errors[0]
        assert self.message == errors[0]["reason"][:1024]
        return str(errors[0]["reason"])


@dataclass(frozen=True, kw_only=True)
class Trained:
    model_dir: Path
    channel: Path


def run_script(name: str, *arguments: object, cwd: Path) -> Run:
    message = cwd / "message"
    message.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, str(PACKED / f"{name}.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "SM_OUTPUT_MESSAGE_FILE": str(message)},
    )
    assert done.stdout == ""
    text = message.read_text() if message.exists() else ""
    return Run(code=done.returncode, log=done.stderr, message=text)


def preprocessed(folder: Path, *, split_by: str) -> Path:
    (folder / "in").mkdir()
    shutil.copyfile(FOLDER / "data/hours.csv.gz", folder / "in/hours.csv.gz")
    done = run_script(
        "preprocess", "--input-dir", folder / "in", "--output-dir", folder, "--split-by", split_by,
        cwd=folder,
    )  # fmt: skip
    assert done.code == 0, done.log
    return folder


def train(folder: Path, parts: Path, hyperparameters: Path) -> Trained:
    done = run_script(
        "train", "--train", parts / "train", "--validation", parts / "validation",
        "--hyperparameters", hyperparameters, "--model-dir", folder / "model", cwd=folder,
    )  # fmt: skip
    assert done.code == 0, done.log
    return Trained(model_dir=folder / "model", channel=packed_archive(folder, folder / "model"))


def packed_archive(folder: Path, model_dir: Path) -> Path:
    """A channel that holds model.tar.gz, as SageMaker makes it of the model folder."""
    channel = folder / "channel"
    channel.mkdir()
    with tarfile.open(channel / "model.tar.gz", "w:gz") as archive:
        archive.add(model_dir, arcname=".")
    return channel


def evaluate(folder: Path, parts: Path, channel: Path) -> dict[str, Any]:
    done = run_script(
        "evaluate", "--model", channel, "--approved", channel, "--approved-version", "0",
        "--data-dir", parts, "--output-dir", folder / "out", cwd=folder,
    )  # fmt: skip
    assert done.code == 0, done.log
    return {
        name: json.loads((folder / f"out/{name}.json").read_text())
        for name in ("evaluation", "answers")
    }
