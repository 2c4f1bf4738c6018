"""A model as the platform packs it, run the way its container runs it."""

from __future__ import annotations

import atexit
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

PLATFORM = Path(__file__).resolve().parents[3] / "mlops"
CONTAINER = PLATFORM / "container"
SERVER = CONTAINER / "serving/serve.py"


class CoreSchema(yaml.SafeLoader):
    """YAML 1.2, as the platform reads a contract: `on`, `no` and `1:30` are text."""


_REPLACED = ("bool", "int", "float")
CoreSchema.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag.rpartition(":")[2] not in _REPLACED]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _form, _first in (
    ("bool", r"(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    CoreSchema.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_form), list(_first))
CoreSchema.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))


def _is_package(path: Path) -> bool:
    """Whether a folder of a model holds code that travels."""
    left = path.name in ("data", "examples", "tests") or path.name.startswith((".", "__"))
    return path.is_dir() and not left and any(path.rglob("*.py"))


@dataclass(frozen=True, kw_only=True)
class Run:
    code: int
    log: str
    message: str

    @property
    def reason(self) -> str:
        """The one line that a failed script logs; fails when there is more, or a traceback of ours.

        What the version that was asked printed itself stands before it.
        """
        lines = [line for line in self.log.splitlines() if line.startswith("{")]
        errors = [line for line in map(json.loads, lines) if "reason" in line]
        assert len(errors) == 1, self.log
        assert "traceback" not in errors[0]
        assert self.message == errors[0]["reason"][:1024]
        return str(errors[0]["reason"])


@dataclass(frozen=True, kw_only=True)
class Trained:
    model_dir: Path
    channel: Path


@dataclass(frozen=True)
class Model:
    """One model's folder, and a packed copy of its code on the path.

    The scripts look for contract.json beside themselves, so the tests import the packed copies.
    """

    folder: Path
    minimum_rows: int | None = None
    """Of the contract's groups, where the data of a test is small; None: as the contract says."""

    @cached_property
    def packed(self) -> Path:
        """What the platform's packer makes of the folder; gone when the process ends."""
        target = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}-"))
        atexit.register(shutil.rmtree, target, ignore_errors=True)
        shared = tuple(
            PLATFORM / name for name in ("sheet.py", "rollout/content.py", "rollout/probes.py")
        )
        server = (SERVER, SERVER.with_name("model_server.py"), *shared)
        for source in (*self.folder.glob("*.py"), *server):
            shutil.copyfile(source, target / source.name)
        for package in filter(_is_package, self.folder.iterdir()):
            ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
            shutil.copytree(package, target / package.name, ignore=ignored)
        for package in ("jobs", "monitoring"):
            (target / package).mkdir()
            for source in (CONTAINER / package).glob("*.py"):
                shutil.copyfile(source, target / package / source.name)
        (target / "contract.json").write_text(json.dumps(self._contract()))
        sys.path.insert(0, str(target))
        return target

    @cached_property
    def yaml(self) -> dict[str, Any]:
        text = (self.folder / "model.yaml").read_text("utf-8")
        content: dict[str, Any] = yaml.load(text, Loader=CoreSchema)  # a SafeLoader
        return content

    @cached_property
    def cases(self) -> list[dict[str, Any]]:
        """The contract's examples."""
        found = []
        for path in sorted((self.folder / "examples").glob("*.request.*")):
            name, text = path.name.partition(".request")[0], path.read_text()
            request = json.loads(text) if path.suffix == ".json" else text
            response = json.loads(path.with_name(f"{name}.response.json").read_text())
            found.append({"name": name, "request": request, "response": response})
        return found

    @property
    def sample(self) -> Path:
        return self.folder / self.yaml["data"]["sample"]

    def run(self, name: str, *arguments: object, cwd: Path) -> Run:
        """One of the scripts in a process of its own."""
        return self._run(str(self.packed / f"{name}.py"), *map(str, arguments), cwd=cwd)

    def _run(self, *command: str, cwd: Path, path: str = "") -> Run:
        message = cwd / "message"
        message.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": path,
                "SM_OUTPUT_MESSAGE_FILE": str(message),
            },
        )
        assert done.stdout == ""
        text = message.read_text() if message.exists() else ""
        return Run(code=done.returncode, log=done.stderr, message=text)

    def preprocessed(self, folder: Path, data: Path, *more: object) -> Path:
        """The four parts of a data file, up to the contract's end of training unless told."""
        end = ("--training-end", str(self.yaml["data"].get("training_end") or "none"))
        (folder / "in").mkdir()
        shutil.copyfile(data, folder / "in" / data.name)
        done = self.run(
            "preprocess", "--input-dir", folder / "in", "--output-dir", folder, *end, *more,
            cwd=folder,
        )  # fmt: skip
        assert done.code == 0, done.log
        return folder

    def hyperparameters(self, folder: Path, **changed: object) -> Path:
        """The file that SageMaker would write, every value as text."""
        steps = self.yaml.get("pipeline", {}).get("steps", {})
        given = steps.get("train", {}).get("hyperparameters", {}) | changed
        path = folder / "hyperparameters.json"
        path.write_text(json.dumps({name: str(value) for name, value in given.items()}))
        return path

    def train(self, folder: Path, parts: Path, hyperparameters: Path) -> Trained:
        done = self.run(
            "train", "--train", parts / "train", "--validation", parts / "validation",
            "--hyperparameters", hyperparameters, "--model-dir", folder / "model", cwd=folder,
        )  # fmt: skip
        assert done.code == 0, done.log
        channel = packed_archive(folder, folder / "model")
        return Trained(model_dir=folder / "model", channel=channel)

    def baseline(self, folder: Path, parts: Path, channel: Path) -> dict[str, Any]:
        """statistics.json and constraints.json, as the drift job will read them."""
        done = self._run(
            "-m", "jobs.drift_baseline", "--model", str(channel), "--data-dir", str(parts),
            "--output-dir", str(folder / "baseline"), cwd=folder, path=str(self.packed),
        )  # fmt: skip
        assert done.code == 0, done.log
        written = (folder / "baseline").glob("*.json")
        return {path.stem: json.loads(path.read_text()) for path in written}

    def evaluate(self, folder: Path, parts: Path, channel: Path) -> dict[str, Any]:
        """evaluation.json and answers.json of a first version."""
        done, found = self.compared(folder, parts, channel, channel, version=0)
        assert done.code == 0, done.log
        return found

    def compared(
        self, folder: Path, parts: Path, candidate: Path, approved: Path, *, version: int = 7
    ) -> tuple[Run, dict[str, Any]]:
        """What the evaluation of a candidate beside an approved version says and writes."""
        done = self.run(
            "evaluate", "--model", candidate, "--approved", approved,
            "--approved-version", version, "--data-dir", parts, "--output-dir", folder / "out",
            cwd=folder,
        )  # fmt: skip
        written = {path.stem: json.loads(path.read_text()) for path in folder.glob("out/*.json")}
        return done, written

    def _contract(self) -> dict[str, Any]:
        """What the platform's packer writes into contract.json."""
        problem, examples = self.yaml["problem"], {**self.yaml.get("examples", {})}
        if self.minimum_rows is not None:
            # What is trained on a part of the sample answers within the range, not within the room
            # that versions of the whole of it keep.
            examples |= {"absolute_tolerance": 1.0}
            smaller = {"minimum_rows": self.minimum_rows}
            groups = [group | smaller for group in problem.get("groups", ())]
            problem = problem | ({"groups": groups} if groups else {})
        return {
            "name": self.yaml["name"],
            "problem": problem,
            "schema": self.yaml["schema"],
            "gates": self.yaml["gates"],
            "evaluation": self.yaml.get("evaluation", {}),
            "monitoring": self.yaml.get("monitoring", {}),
            "examples": {**examples, "cases": self.cases},
        }


def packed_archive(folder: Path, model_dir: Path) -> Path:
    """A channel that holds model.tar.gz, as SageMaker makes it of the model folder."""
    channel = folder / "channel"
    channel.mkdir()
    with tarfile.open(channel / "model.tar.gz", "w:gz") as archive:
        archive.add(model_dir, arcname=".")
    return channel


def changed_version(folder: Path, trained: Trained, module: str, old: str, new: str) -> Path:
    """A channel with a version whose own code was edited."""
    return _edited(folder, trained, module, lambda text: text.replace(old, new))


def extended_version(folder: Path, trained: Trained, module: str, last_line: str) -> Path:
    """A channel with a version whose own code ends with one line more."""
    return _edited(folder, trained, module, lambda text: f"{text}\n{last_line}\n")


def _edited(folder: Path, trained: Trained, module: str, edit: Callable[[str], str]) -> Path:
    model_dir = folder / "changed"
    shutil.copytree(trained.model_dir, model_dir)
    path = model_dir / "code" / module
    before = path.read_text()
    assert before != edit(before)
    path.write_text(edit(before))
    return packed_archive(folder, model_dir)
