"""What the releases' commands ask of git about one checkout."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from mlops.contract.platform import RELEASES
from mlops.release.errors import ReleaseError
from mlops.release.git.git import Finished, Git, words
from mlops.release.git.trailer import occasions

_LOG: Final = (
    "log", "-z", "--reverse", "--no-patch",
    # A person's own configuration may add signatures or ask for another encoding.
    "--no-show-signature", "--encoding=UTF-8",
    "--format=%H%x1f%P%x1f%aI%x1f%an%x1f%B",
)  # fmt: skip


_UNFINISHED: Final = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
"""What git leaves in its folder while a command of several steps is not at its end."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit that touched the releases, and the file as it left it."""

    id: str
    when: datetime
    who: str
    message: str
    content: str | None
    """None where the commit removed the file."""
    merged: tuple[str, ...] = ()
    """Messages of the commits that this one merged, as far as they changed the releases."""

    @property
    def by_automation(self) -> bool:
        """Whether the release automation decided it; whoever merged that decided nothing else."""
        return all(occasions(message) for message in self.merged or (self.message,))


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """The git checkout around a repository's `config/`."""

    root: Path
    git: Git = field(default_factory=Git)

    def commits(self) -> list[Commit]:
        """The commits that changed the releases, oldest first, along the branch itself.

        A merge counts as one change, made when it was merged: what stood on a side branch was
        never deployed.

        Raises:
            ReleaseError: this is not a git checkout.
        """
        self._require()
        if not self._has_commits():
            return []
        log = self._git(*_LOG, "--first-parent", "--", RELEASES)
        fields = [record.strip("\n").split("\x1f", 4) for record in log.split("\0") if record]
        contents = self._contents([commit for commit, *_ in fields])
        return [
            Commit(
                id=commit,
                when=datetime.fromisoformat(when),
                who=who,
                message=message.strip(),
                content=contents[commit],
                merged=self._merged(commit, parents.split()),
            )
            for commit, parents, when, who, message in fields
        ]

    def is_shallow(self) -> bool:
        """Whether older commits were left on the server."""
        return self._git("rev-parse", "--is-shallow-repository").strip() == "true"

    def require_clean(self) -> None:
        """Make sure that a commit of the releases will hold one change, and that one only.

        Raises:
            ReleaseError: the file has changes of its own, or this is not a git checkout.
        """
        self._require()
        if self._git("status", "--porcelain", "--ignored", "--", RELEASES).strip():
            raise ReleaseError(
                f"{RELEASES}: differs from the last commit, and a release commit holds one change; "
                "remedy: commit or discard what is there, or leave out --commit"
            )

    def require_branch(self) -> None:
        """Make sure that a commit made now is the next one of a branch that can be pushed.

        Raises:
            ReleaseError: HEAD is on no branch, something is unfinished, or this is no checkout.
        """
        self._require()
        for name, command in _UNFINISHED.items():
            if (self.root / self._git("rev-parse", "--git-path", name).strip()).exists():
                raise ReleaseError(
                    f"{self.root}: a {command} is not finished, and a release commit would become "
                    f"part of it; remedy: finish it, or give it up with {_way_out(command)}"
                )
        if self._run("symbolic-ref", "--quiet", "HEAD").returncode:
            commit = self._git("rev-parse", "--short", "HEAD").strip()
            raise ReleaseError(
                f"{self.root}: HEAD is detached at {commit}, so a commit would be on no branch and "
                "nobody could push it; remedy: `git switch` to the branch of the releases, or "
                "leave out --commit"
            )

    def commit(self, message: str) -> str:
        """Commit the releases and nothing else, whatever is staged; returns the commit's id.

        Raises:
            ReleaseError: git or one of its hooks refuses.
        """
        self._git("commit", "--quiet", "--message", message, "--only", "--", RELEASES)
        return self._git("rev-parse", "HEAD").strip()

    def _require(self) -> None:
        inside = self._run("rev-parse", "--is-inside-work-tree")
        if inside.stdout.strip() == b"true":
            return
        said = words(inside.stderr).strip()
        why = "" if not said or "not a git repository" in said else f" ({said.splitlines()[0]})"
        raise ReleaseError(
            f"{self.root}: is not a git checkout{why}, and a release is a commit; remedy: run "
            "this in a clone of the repository"
        )

    def _has_commits(self) -> bool:
        return not self._run("rev-parse", "--verify", "--quiet", "HEAD").returncode

    def _merged(self, commit: str, parents: list[str]) -> tuple[str, ...]:
        """What a merge brought along; of a branch that is not followed, every commit counts."""
        if len(parents) <= 1:
            return ()
        brought = (*_LOG, "--full-history", commit, f"^{commit}^1", "--", RELEASES)
        records = [record.strip("\n") for record in self._git(*brought).split("\0") if record]
        found = [record.split("\x1f", 4) for record in records]
        return tuple(message for id_, *_, message in found if id_ != commit)

    def _contents(self, commits: list[str]) -> dict[str, str | None]:
        """The file at each commit, through one process for all of them."""
        wanted = "".join(f"{commit}:./{RELEASES}\n" for commit in commits)
        rest = self._run("cat-file", "--batch", given=wanted.encode()).stdout
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
        return self.git.text(self.root, *arguments)

    def _run(self, *arguments: str, given: bytes = b"") -> Finished:
        return self.git.run(self.root, arguments, given=given)


def _way_out(command: str) -> str:
    return "`git bisect reset`" if command == "bisect" else f"`git {command} --abort`"
