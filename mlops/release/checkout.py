"""What the releases' commands ask of git, which is the person's own."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from mlops.contract.platform import RELEASES
from mlops.release.errors import ReleaseError

_LOG: Final = (
    "log", "-z", "--reverse", "--first-parent", "--no-patch",
    # A person's own configuration may add signatures or ask for another encoding.
    "--no-show-signature", "--encoding=UTF-8",
    "--format=%H%x1f%aI%x1f%an%x1f%B",
)  # fmt: skip
_PATIENCE_SECONDS: Final = 600
"""Hooks of a repository run inside `git commit`."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit that touched the releases, and the file as it left it."""

    id: str
    when: datetime
    who: str
    message: str
    content: str | None
    """None where the commit removed the file."""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """The git checkout around a repository's `config/`."""

    root: Path

    def commits(self) -> list[Commit]:
        """The commits that changed the releases, oldest first, along the branch itself.

        A merge counts as one change, made when it was merged: what stood on a side branch was
        never deployed.

        Raises:
            ReleaseError: this is no git checkout.
        """
        self._require()
        if not self._has_commits():
            return []
        log = self._git(*_LOG, "--", RELEASES)
        fields = [record.strip("\n").split("\x1f", 3) for record in log.split("\0") if record]
        contents = self._contents([commit for commit, *_ in fields])
        return [
            Commit(
                id=commit,
                when=datetime.fromisoformat(when),
                who=who,
                message=message.strip(),
                content=contents[commit],
            )
            for commit, when, who, message in fields
        ]

    def is_shallow(self) -> bool:
        """Whether older commits were left on the server."""
        return self._git("rev-parse", "--is-shallow-repository").strip() == "true"

    def require_clean(self) -> None:
        """Make sure that a commit of the releases will hold one change, and that one only.

        Raises:
            ReleaseError: the file has changes of its own, or this is no git checkout.
        """
        self._require()
        if self._git("status", "--porcelain", "--ignored", "--", RELEASES).strip():
            raise ReleaseError(
                f"{RELEASES}: differs from the last commit, and a release commit holds one change; "
                "remedy: commit or discard what is there, or leave out --commit"
            )

    def commit(self, message: str) -> str:
        """Commit the releases and nothing else, whatever is staged; returns the commit's id.

        Raises:
            ReleaseError: git or one of its hooks refuses.
        """
        self._git("commit", "--quiet", "--message", message, "--only", "--", RELEASES)
        return self._git("rev-parse", "HEAD").strip()

    def _require(self) -> None:
        if self._run(["rev-parse", "--is-inside-work-tree"]).returncode:
            raise ReleaseError(
                f"{self.root}: is no git checkout, and a release is a commit; remedy: run this in "
                "a clone of the repository"
            )

    def _has_commits(self) -> bool:
        return not self._run(["rev-parse", "--verify", "--quiet", "HEAD"]).returncode

    def _contents(self, commits: list[str]) -> dict[str, str | None]:
        """The file at each commit, through one process for all of them."""
        wanted = "".join(f"{commit}:./{RELEASES}\n" for commit in commits)
        rest = self._run(["cat-file", "--batch"], given=wanted.encode()).stdout
        found: dict[str, str | None] = {}
        for commit in commits:
            head, _, rest = rest.partition(b"\n")
            if head.endswith(b" missing"):
                found[commit] = None
                continue
            size = int(head.rpartition(b" ")[2])
            found[commit] = rest[:size].decode("utf-8", errors="replace")
            rest = rest[size + 1 :]
        return found

    def _git(self, *arguments: str) -> str:
        done = self._run(arguments)
        if done.returncode:
            said = (done.stderr or done.stdout).decode("utf-8", errors="replace").strip()
            raise ReleaseError(f"git {arguments[0]}: {said}; remedy: mend this and run it again")
        return done.stdout.decode("utf-8", errors="replace")

    def _run(
        self, arguments: Sequence[str], *, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self.root), *arguments]
        try:
            return subprocess.run(  # noqa: S603  # fixed arguments
                command, input=given, capture_output=True, check=False, timeout=_PATIENCE_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ReleaseError(f"git {arguments[0]}: {error}; remedy: install git") from error
