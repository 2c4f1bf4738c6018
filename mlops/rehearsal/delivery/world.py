"""What surrounds the stages: a git remote, a registry of its own, checkouts, and what they make.

Nothing here belongs to the checkout that is rehearsed: its commits are cloned, its registry is
copied, and only what never changes (stored objects, environments) is shared.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mlops.contract import ModelSpec, Platform, load_platform
from mlops.pipeline import SynthesisInputs
from mlops.registry import SageMakerClient, local_client
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.freshness import summarized
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.synthesis import synthesize
from mlops.rehearsal.workspace import FOLDER, Workspace

BRANCH: Final = "main"
_SHARED: Final = ("s3", "envs")
_OWN: Final = ("registry", "records", "build")
_PERSON: Final = {
    "GIT_AUTHOR_NAME": "Platform engineer",
    "GIT_AUTHOR_EMAIL": "platform@example.com",
    "GIT_COMMITTER_NAME": "Platform engineer",
    "GIT_COMMITTER_EMAIL": "platform@example.com",
    # Nobody's signing, hooks or prompts.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
_PATIENCE_SECONDS: Final = 300


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A commit on disk, and what it configures."""

    root: Path
    commit: str
    subject: str
    platform: Platform
    model: str
    """The one that is rehearsed."""

    @property
    def spec(self) -> ModelSpec:
        """The model's contract as this commit has it."""
        return self.platform.model(self.model)


@dataclass(frozen=True, kw_only=True)
class World:
    """The folders of one rehearsal."""

    root: Path
    """The checkout that is rehearsed; it is only read."""
    folder: Path
    model: str

    @classmethod
    def made(cls, root: Path, folder: Path, *, model: str) -> "World":
        """Clone the checkout's last commit into a remote, and copy its registry.

        Raises:
            RehearsalError: it is not a git checkout with a commit.
        """
        world = cls(root=root, folder=folder, model=model)
        for name in _OWN:
            (folder / "aws" / name).mkdir(parents=True, exist_ok=True)
        for name in _SHARED:
            (root / FOLDER / name).mkdir(parents=True, exist_ok=True)
        registry = Workspace.of(root).registry
        if registry.is_dir():
            shutil.copytree(registry, folder / "aws" / "registry", dirs_exist_ok=True)
        head = world.git("rev-parse", "HEAD", folder=root).strip()
        # A hard link would tie the remote to the checkout's object store.
        world.git("clone", "--quiet", "--bare", "--no-hardlinks", str(root), str(world.origin))
        world.git("update-ref", f"refs/heads/{BRANCH}", head, folder=world.origin)
        world.git("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}", folder=world.origin)
        return world

    @property
    def origin(self) -> Path:
        """The repository that everybody pushes to."""
        return self.folder / "origin.git"

    @property
    def tip(self) -> str:
        """The commit that the delivery pipeline would run now."""
        return self.git("rev-parse", BRANCH, folder=self.origin).strip()

    def client(self, platform: Platform) -> SageMakerClient:
        """The registry of this rehearsal."""
        stage = platform.stages.training
        folder = self.folder / "aws" / "registry"
        return local_client(folder, account=stage.account, region=stage.region)

    def checkout(self) -> Checkout:
        """The branch's last commit, on disk.

        Raises:
            ContractError: what is committed is wrong.
        """
        commit = self.tip
        root = self.folder / "checkouts" / commit[:12]
        if not root.exists():
            self.git("clone", "--quiet", "--branch", BRANCH, str(self.origin), str(root))
            self._link(root)
        subject = self.git("log", "-1", "--format=%s", folder=root).strip()
        platform = load_platform(root, model=self.model)
        return Checkout(
            root=root, commit=commit, subject=subject, platform=platform, model=self.model
        )

    def synthesized(self, checkout: Checkout) -> Assembly:
        """What the commit synthesizes to.

        Raises:
            RehearsalError: the app refuses it.
        """
        folder = self._assembly(checkout)
        if not folder.exists():
            synthesize(checkout.root, folder, commit=checkout.commit)
        return Assembly(folder)

    def is_synthesized(self, checkout: Checkout) -> bool:
        """Whether the commit was synthesized before."""
        return self._assembly(checkout).exists()

    def _assembly(self, checkout: Checkout) -> Path:
        return self.folder / "assemblies" / checkout.commit[:12]

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        """What a git command says.

        Raises:
            RehearsalError: it fails.
        """
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        command = ["git", *(("-C", str(folder)) if folder else ()), *arguments]
        done = _run(command, folder=self.folder, environment={**kept, **_PERSON})
        if done.returncode:
            raise RehearsalError(
                f"git {arguments[0]}: {done.stderr.strip()}; remedy: rehearse a delivery in a git "
                "checkout with at least one commit"
            )
        return done.stdout

    def _link(self, root: Path) -> None:
        """Give a checkout this rehearsal's registry, and the objects and environments of all."""
        home = root / FOLDER
        home.mkdir()
        for name in _SHARED:
            (home / name).symlink_to(self.root / FOLDER / name)
        for name in _OWN:
            (home / name).symlink_to(self.folder / "aws" / name)


def describe_left_out(world: World, *, frozen: bool, say: Callable[[str], None]) -> None:
    """Say what the checkout has beyond its commit: a delivery takes commits to the stages.

    Raises:
        RehearsalError: there is something, and `frozen` allows no difference.
    """
    checkout = world.checkout()
    committed, present = SynthesisInputs.of(checkout.root), SynthesisInputs.of(world.root)
    changed = committed.differences(present, model=world.model)
    if not changed:
        return
    left_out = f"commit {checkout.commit[:12]} is rehearsed without what is not committed: "
    left_out += summarized(changed)
    if frozen:
        raise RehearsalError(f"{left_out}; remedy: commit it, or leave out --frozen")
    say(left_out)


def waken(world: World, checkout: Checkout) -> subprocess.CompletedProcess[str]:
    """Run the release automation as its build does, on this rehearsal's registry and remote."""
    command = [
        str(Path(sys.executable).with_name("mlops")),
        *("--root", str(checkout.root)),
        *("release", "automate", "--target", "local"),
        *("--remote", str(world.origin), "--branch", BRANCH),
    ]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return _run(command, folder=checkout.root, environment=kept)


def utc_now() -> str:
    """This moment, to the second."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _run(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603  # fixed commands
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RehearsalError(f"{command[0]}: {error}") from error
