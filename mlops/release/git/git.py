"""How git is called: as the person who runs a command would, or by a program with nobody near."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops.release.errors import ReleaseError

Finished = subprocess.CompletedProcess[bytes]

_PATIENCE_SECONDS: Final = 600
"""Hooks of a repository run inside `git commit`."""
_UNATTENDED_PATIENCE_SECONDS: Final = 300
_OPTIONS: Final = (
    "core.hooksPath=/dev/null",
    "core.autocrlf=false",
    "core.fsmonitor=false",
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "gc.auto=0",
    "maintenance.auto=false",
)
"""Settings of a machine that would run programs, change bytes, or wait for somebody."""
_FOREIGN: Final = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
    "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE",
)  # fmt: skip
"""Variables with which a calling git, a hook's for example, would speak of another repository."""
_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s'\"]+@")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who makes a commit."""

    name: str
    email: str

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """From the form in which git shows one, `Name <address>`.

        Raises:
            ReleaseError: the text has another form.
        """
        found = re.fullmatch(r"\s*([^<>\n]*[^<>\s])\s*<([^<>\s]+)>\s*", text)
        if found is None:
            raise ReleaseError(
                f"author: got {text!r}; allowed: Name <address>; remedy: write both, like "
                "'Release automation <releases@example.com>'"
            )
        return cls(name=found[1], email=found[2])


@dataclass(frozen=True, kw_only=True)
class Git:
    """The git of this machine; by default with the person's own settings and hooks."""

    options: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    """None: that of this process."""
    patience_seconds: float = _PATIENCE_SECONDS
    is_detached: bool = False
    """Without a terminal that it could ask, and ended with everything it started."""

    def run(self, root: Path, arguments: Sequence[str], *, given: bytes = b"") -> Finished:
        """What git answers in a folder, whatever it is.

        Raises:
            ReleaseError: there is no git, or it did not end in time.
        """
        settings = [part for option in self.options for part in ("-c", option)]
        command = ["git", "-C", str(root), *settings, *arguments]
        try:
            return self._finished(command, given)
        except OSError as error:
            raise ReleaseError(f"git {arguments[0]}: {error}; remedy: install git") from error
        except subprocess.TimeoutExpired as error:
            raise ReleaseError(
                f"git {arguments[0]}: did not end within {self.patience_seconds:g} seconds; "
                "remedy: look for what it waits for, and run it again"
            ) from error

    def text(self, root: Path, *arguments: str) -> str:
        """What git answers in a folder.

        Raises:
            ReleaseError: git refuses.
        """
        done = self.run(root, arguments)
        if done.returncode:
            raise ReleaseError(
                f"git {arguments[0]}: {words(done.stderr or done.stdout).strip()}; "
                "remedy: fix this and run it again"
            )
        return done.stdout.decode("utf-8", errors="replace")

    def _finished(self, command: list[str], given: bytes) -> Finished:
        with subprocess.Popen(  # noqa: S603  # fixed arguments
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            start_new_session=self.is_detached,
        ) as process:
            try:
                out, error = process.communicate(given, timeout=self.patience_seconds)
            except BaseException:
                self._end(process)
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, error)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """End git; its own children would keep the pipes open, and us waiting."""
        if self.is_detached and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def unattended(author: Identity, *, patience_seconds: float = _UNATTENDED_PATIENCE_SECONDS) -> Git:
    """A git that asks nobody, runs no hook of the machine, and commits as `author`.

    How it reaches a remote (helpers of credentials, keys, proxies) stays as the machine has it.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", author.name), ("EMAIL", author.email))
    }
    # Errors are told apart by git's words, so it must speak the language that we know.
    silent = {
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
    }
    return Git(
        options=_OPTIONS,
        environment={**inherited, **silent, **who},
        patience_seconds=patience_seconds,
        is_detached=True,
    )


def words(output: bytes) -> str:
    """What git said, without the credentials that an address may hold."""
    return without_credentials(output.decode("utf-8", errors="replace"))


def without_credentials(text: str) -> str:
    """A text whose addresses name no user and no token."""
    return _CREDENTIALS.sub("", text)
