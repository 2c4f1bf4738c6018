"""The Python environment that stands for a model's image: exactly its lock, nothing else.

One environment per content of a lock, Python version and machine. It is built beside its final
place and renamed, so that an interrupted build leaves nothing that looks finished. Libraries are
byte-compiled once, because every step imports them in a new process.

`python -m mlops.rehearsal.local_aws.environment [--print] LOCK` makes one, or prints its
interpreter.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uv

from mlops.machine import remedy_in
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.processes import Command, Processes, guarded

BUILD_TIMEOUT_SECONDS: Final = 1800
_SHOWN_LINES: Final = 12


class EnvironmentBuildError(RehearsalError):
    """A lock that cannot be installed; the text ends with what the installer said."""


@dataclass(frozen=True, kw_only=True)
class ModelEnvironment:
    """The environment of one lock, built or not."""

    lock: Path
    home: Path
    """Folder of all environments."""

    @property
    def key(self) -> str:
        """Identifies the content: the lock's bytes, this Python, this machine's kind."""
        facts = f"{platform.python_version()} {platform.system()} {platform.machine()}"
        content = self.lock.read_bytes() + facts.encode()
        return hashlib.sha256(content).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """Where it is once it is built."""
        return self.home / self.key

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def ensure(self, say: Callable[[str], None]) -> Path:
        """Build it unless it is there, and return its interpreter.

        Raises:
            EnvironmentBuildError: the lock is missing or cannot be installed.
        """
        if not self.lock.is_file():
            raise EnvironmentBuildError(f"{self.lock}: there is no such lock")
        if not self.python.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            with self._alone():
                if not self.python.exists():
                    self._build(say)
        return self.python

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two rehearsals that need one environment build it once."""
        with (self.home / f".{self.key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _build(self, say: Callable[[str], None]) -> None:
        say(f"environment: installing {self.lock.parent.name}/{self.lock.name} (once per content)")
        began = time.monotonic()
        temporary = Path(tempfile.mkdtemp(dir=self.home, prefix=".building-"))
        try:
            self._install(temporary / "venv")
            (temporary / "venv").rename(self.folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        say(f"environment: ready after {time.monotonic() - began:.0f} s")

    def _install(self, target: Path) -> None:
        # Relocatable: it is renamed once it is complete.
        self._uv("venv", "--quiet", "--relocatable", "--python", sys.executable, str(target))
        self._uv(
            "pip", "install", "--quiet", "--require-hashes", "--compile-bytecode",
            "--python", str(target / "bin" / "python"), "-r", str(self.lock.resolve()),
        )  # fmt: skip

    def _uv(self, *arguments: str) -> None:
        command = Command(
            arguments=[uv.find_uv_bin(), *arguments],
            environment=_build_variables(),
            folder=self.home,
        )
        with tempfile.TemporaryFile() as log:
            processes = Processes()
            ending = guarded(
                lambda: processes.run(command, log=log, timeout_seconds=BUILD_TIMEOUT_SECONDS),
                stop=processes.stop,
            )
            if ending.exit_code != 0 or ending.timed_out:
                log.seek(0)
                raise _failure(self.lock, log.read().decode(errors="replace"))


def _build_variables() -> dict[str, str]:
    """What uv sees of this machine; the Pythons that it starts read and print any path."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "VIRTUAL_ENV" and not name.startswith("PYTHON")
    }
    return kept | {"PYTHONUTF8": "1"}


def _failure(lock: Path, output: str) -> EnvironmentBuildError:
    said = "\n  ".join(output.strip().splitlines()[-_SHOWN_LINES:])
    offline = any(word in output.lower() for word in ("dns error", "connect", "network"))
    remedy = remedy_in(said) or (
        "is there a way to the package index? Set UV_INDEX_URL or UV_FIND_LINKS to a reachable one"
        if offline
        else "fix the lock: lock again from requirements.in"
    )
    return EnvironmentBuildError(f"{lock}: cannot be installed; remedy: {remedy}\n  {said}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> None:
    """Make the environment of a lock, for the tests of a model."""
    parser = argparse.ArgumentParser(description="Make the environment of a lock.")
    parser.add_argument("--print", action="store_true", help="print its interpreter only")
    parser.add_argument("--home", type=Path, default=Path(".mlops/envs"))
    parser.add_argument("lock", type=Path)
    given = parser.parse_args()
    environment = ModelEnvironment(lock=given.lock, home=given.home.resolve())
    try:
        python = environment.ensure(_say)
    except EnvironmentBuildError as error:
        sys.exit(str(error))
    if given.print:
        sys.stdout.write(f"{python}\n")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
        sys.exit(0)
    sys.exit("stopped")
