"""What a rehearsal costs over running the model's scripts by hand: one ratio, and where it goes.

Both run in turns and in the same environment. By hand means: unpack the code, call the five scripts
one after the other, tar the model between training and evaluation.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from mlops.contract import load_platform
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.container import pack
from mlops.rehearsal.local_aws.environment import ModelEnvironment
from mlops.rehearsal.pipeline.parameters import resolved
from mlops.rehearsal.pipeline.rehearsal import rehearse_pipeline
from mlops.rehearsal.workspace import Workspace

JOBS = ("Preprocess", "ValidateData", "Train", "Baseline", "Evaluate")
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="bike-demand")
    parser.add_argument("--assembly", type=Path, default=ROOT / "cdk.out")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(given.model, given.assembly, Path(folder))
        rounds = [(comparison.by_hand(), comparison.rehearsed()) for _ in range(given.rounds)]
    report(rounds)


class Comparison:
    """Both ways to run one model, on a copy of its folder."""

    def __init__(self, model: str, assembly: Path, folder: Path) -> None:
        self.model = model
        self.assembly = assembly
        self.folder = folder
        self.root = folder / "repository"
        platform = load_platform(ROOT, model=model)
        self.spec = platform.model(model)
        name = f"model_code/{self.spec.folder}"
        shutil.copytree(ROOT / "config", self.root / "config")
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / name, self.root / name, ignore=ignored)
        lock = ROOT / name / "requirements.lock"
        home = Workspace.of(ROOT).environments
        self.python = ModelEnvironment(lock=lock, home=home).ensure(print)
        synthesized = Assembly(assembly)
        definition = synthesized.pipeline(platform.names.pipeline(model)).definition
        self.parameters = resolved(definition, {})
        self.code = synthesized.assets[self.parameters["CodeUri"]].source

    def by_hand(self) -> dict[str, float]:
        """Seconds of each script, called as a person would."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            home = Path(name)
            with tarfile.open(self.code) as packed:
                packed.extractall(home / "code", filter="data")
            return {job: self._timed(job, home) for job in JOBS}

    def rehearsed(self) -> dict[str, float]:
        """Seconds of each step of a rehearsal without a cache, and of the whole."""
        with wall() as seconds:
            execution = rehearse_pipeline(
                self.root,
                self.model,
                assembly=self.assembly,
                parameters={},
                use_cache=False,
                approve=False,
                console=Console(file=io.StringIO()),
                python=self.python,
            )
        if not execution.succeeded:
            sys.exit(f"the rehearsal failed: {execution.failure}")
        return {**{step.name: step.seconds for step in execution.steps}, "whole": seconds[0]}

    def _timed(self, job: str, home: Path) -> float:
        with wall() as seconds:
            module, arguments = self._call(job, home)
            command = [str(self.python), "-m", module, *arguments]
            clean = {"PATH": f"{self.python.parent}:/usr/bin:/bin", "HOME": str(home)}
            subprocess.run(command, check=True, capture_output=True, cwd=home / "code", env=clean)
            if job == "Train":
                pack(home / "model", home / "candidate" / "model.tar.gz")
        return seconds[0]

    def _call(self, job: str, home: Path) -> tuple[str, list[str]]:
        data, candidate = home / "data", home / "candidate"
        for made in (data, candidate, home / "model", home / "report", home / "evaluation"):
            made.mkdir(exist_ok=True)
        if job == "Preprocess":
            sample = self.root / "model_code" / self.spec.folder / self.spec.data.sample
            shutil.copy(sample, candidate)
            version = self.spec.data.version
            return "preprocess", options(
                input_dir=candidate,
                data_version=version,
                training_end=self.spec.data.training_end or "none",
                output_dir=data,
            )
        if job == "ValidateData":
            return "validate_data", options(input_dir=data, output_dir=home / "report")
        if job == "Train":
            (candidate / Path(self.spec.data.sample).name).unlink()
            return "train", options(
                train=data / "train",
                validation=data / "validation",
                hyperparameters=self._hyperparameters(home),
                model_dir=home / "model",
            )
        if job == "Baseline":
            made = home / "baseline"
            return "jobs.drift_baseline", options(model=candidate, data_dir=data, output_dir=made)
        return "evaluate", options(
            model=candidate,
            approved=candidate,
            approved_version="0",
            data_dir=data,
            output_dir=home / "evaluation",
        )

    def _hyperparameters(self, home: Path) -> Path:
        path = home / "hyperparameters.json"
        pairs = self.spec.pipeline.steps.train.hyperparameters.items()
        path.write_text("{" + ", ".join(f'"{key}": "{value}"' for key, value in pairs) + "}")
        return path


def options(**values: object) -> list[str]:
    """Keyword arguments as a command line's options."""
    return [
        part for key, value in values.items() for part in (f"--{key.replace('_', '-')}", str(value))
    ]


@contextmanager
def wall() -> Iterator[list[float]]:
    """Seconds that the block took, in a list that is filled at its end."""
    seconds: list[float] = []
    began = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - began)


def report(rounds: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    """The best of each column, and the ratios."""
    hand = {job: min(by_hand[job] for by_hand, _ in rounds) for job in JOBS}
    ours = {name: min(found[name] for _, found in rounds) for name in rounds[0][1]}
    print(f"{'step':14}{'by hand s':>12}{'rehearsed s':>13}{'ratio':>8}")
    for job in JOBS:
        print(f"{job:14}{hand[job]:12.2f}{ours[job]:13.2f}{ours[job] / hand[job]:8.2f}")
    total_hand, total_ours = sum(hand.values()), sum(ours[job] for job in JOBS)
    print(f"{'jobs':14}{total_hand:12.2f}{total_ours:13.2f}{total_ours / total_hand:8.2f}")
    print(f"{'whole':14}{total_hand:12.2f}{ours['whole']:13.2f}{ours['whole'] / total_hand:8.2f}")
    print("whole: with the registry's lookup, gate, registration, serving and the report")


if __name__ == "__main__":
    main()
