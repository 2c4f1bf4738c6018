"""A repository that the release automation pushes to: one stage, one model, nothing else."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CONTRACT: Final = Path(__file__).parents[3] / "model_code" / "bike_demand" / "model.yaml"
_LONG_AGO: Final = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00+00:00"}
"""A version was pinned before it was deployed, and so before it failed."""
_STAGES: Final = """\
project: mlops
delivery: {account: "111111111111", region: eu-west-1, source: {repository: platform}}
stages:
  dev:
    account: "222222222222"
    region: eu-west-1
    trains: true
    promotion: on-approval
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}
"""
GIT: Final = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": "Ada" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "ada@example.com" for role in ("AUTHOR", "COMMITTER")},
}


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The host's copy, and a checkout from which commits come."""

    host: Path
    checkout: Path

    @classmethod
    def at(cls, folder: Path) -> "Repository":
        """A repository whose automation released version 1, and then version 2."""
        made = cls(host=folder / "host.git", checkout=folder / "checkout")
        for options, place in ((["--bare"], made.host), ([], made.checkout)):
            made._git("init", "--initial-branch=main", *options, str(place))
        made._write("config/stages.yaml", _STAGES)
        # The evidence of a rollback is held against the contract.
        made._write("model_code/bike_demand/model.yaml", _CONTRACT.read_text("utf-8"))
        for version in (1, 2):
            made._release(version)
        return made

    @property
    def releases(self) -> str:
        """What the host's branch releases."""
        return self._git("-C", str(self.host), "show", "main:config/releases.yaml")

    @property
    def newest_message(self) -> str:
        """Why it does."""
        return self._git("-C", str(self.host), "log", "-1", "--format=%B", "main")

    def _release(self, version: int) -> None:
        self._write("config/releases.yaml", f"releases:\n  bike-demand: {{dev: {version}}}\n")
        message = f"Release bike-demand {version}\n\nRelease-Automation: approved"
        here = ("-C", str(self.checkout))
        self._git(*here, "add", ".")
        self._git(*here, "commit", "--message", message)
        self._git(*here, "push", str(self.host), "main")

    def _write(self, name: str, text: str) -> None:
        path = self.checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @staticmethod
    def _git(*arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(
            command, env=GIT | _LONG_AGO, capture_output=True, text=True, check=True
        ).stdout
