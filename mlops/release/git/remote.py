"""A fresh clone of one branch, and pushes whose failures are told apart.

The clone lives in a temporary folder and belongs to the release automation alone. So no checkout of
a person is touched, and whatever a killed run leaves behind is never looked at again.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops.release.errors import ReleaseError, TransientError
from mlops.release.git.checkout import Checkout
from mlops.release.git.git import Finished, Git, without_credentials, words
from mlops.release.git.trailer import occasions

RUNBOOK: Final = "docs/runbooks/release-automation-failed.md"
_HEAD: Final = "refs/automation/head"
_CREDENTIALS_REFUSED: Final = re.compile(
    r"Authentication failed|could not read (Username|Password)|terminal prompts disabled"
    r"|error: 40[13]\b|HTTP 40[13]\b|Permission( to \S+)? denied|access denied|Access denied"
    r"|Host key verification failed|invalid credentials|Invalid username or|not authorized"
    r"|AccessDenied|ExpiredToken",
)
"""What git, ssh and the hosts say when a key or token is wrong, expired or not enough."""
_NO_BRANCH: Final = "couldn't find remote ref|invalid refspec"
_NO_REPOSITORY: Final = re.compile(
    r"does not appear to be a git repository|[Rr]epository .*not found|error: 404\b"
    r"|not a git repository|no such repository|RepositoryDoesNotExist"
)
_REJECTED: Final = re.compile(r"^!\t[^\t]*\t\[(remote )?rejected\] \(?(.*?)\)?$", re.MULTILINE)
_TOLD: Final = re.compile(r"^remote:(.*)$", re.MULTILINE)
_LATE: Final = re.compile(r"lock ref|failed to (update ref|lock)|incorrect old value")
"""A server's words where two pushes met in the same moment."""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A branch of a repository that others push to as well."""

    url: str
    branch: str
    folder: str = ""
    """Path of the platform within the repository; empty at its top."""

    def __str__(self) -> str:
        return f"{self.branch} of {without_credentials(self.url)}"


@dataclass(frozen=True, kw_only=True)
class Clone:
    """The branch as it was at the last `update`, and commits on top of it."""

    top: Path
    remote: Remote
    git: Git

    @property
    def root(self) -> Path:
        """The platform's folder."""
        return self.top / self.remote.folder

    @property
    def checkout(self) -> Checkout:
        """The platform's folder as a checkout."""
        return Checkout(root=self.root, git=self.git)

    def update(self) -> str:
        """Take the branch as it is now, forget commits that were not pushed; returns its commit.

        Raises:
            ReleaseError: no such repository or branch, no credentials, or a part of the history.
            TransientError: the remote cannot be reached.
        """
        ref = f"refs/heads/{self.remote.branch}"
        done = self._fetch(ref, _HEAD)
        if done.returncode and re.search(_NO_BRANCH, words(done.stderr)):
            raise ReleaseError(
                f"{self.remote}: there is no such branch; remedy: name the branch that is "
                "delivered with --branch"
            )
        self._require(done, "fetch")
        if Checkout(root=self.top, git=self.git).is_shallow():
            raise ReleaseError(
                f"{self.remote}: the repository holds a part of the history only, and what people "
                "left shows in the whole of it; remedy: name a whole repository with --remote"
            )
        self.reset(_HEAD)
        return self.git.text(self.top, "rev-parse", _HEAD).strip()

    def reset(self, commit: str) -> None:
        """Make the files those of a commit, whatever they were."""
        self.git.text(self.top, "checkout", "--quiet", "--force", "--detach", commit)
        self.git.text(self.top, "clean", "--quiet", "-ffdx")

    def push(self, commit: str, *, base: str) -> None:
        """Put a commit on the branch, if that still is where `base` has it.

        Raises:
            ReleaseError: the remote refuses, and the credentials or its rules are why.
            TransientError: somebody else pushed meanwhile, or the remote cannot be reached.
        """
        branch = self.remote.branch
        done = self._push(f"{commit}:refs/heads/{branch}")
        if self._was_overtaken(done, branch, base):
            raise TransientError(f"{self.remote}: others push to it all the time")
        self._require(done, "push")

    def tip(self, branch: str) -> str | None:
        """The newest commit of another branch, brought here; None where there is none.

        Raises:
            ReleaseError: no credentials.
            TransientError: the remote cannot be reached.
        """
        ref = f"refs/automation/{branch}"
        done = self._fetch(f"refs/heads/{branch}", ref)
        if done.returncode and re.search(_NO_BRANCH, words(done.stderr)):
            return None
        self._require(done, "fetch")
        return self.git.text(self.top, "rev-parse", ref).strip()

    def is_same(self, one: str, other: str) -> bool:
        """Whether two commits hold the same files."""
        trees = self.git.text(self.top, "rev-parse", f"{one}^{{tree}}", f"{other}^{{tree}}")
        return len(set(trees.split())) == 1

    def is_ours(self, tip: str, *, base: str) -> bool:
        """Whether the automation made every commit that leads from `base` to a tip."""
        log = ("log", "-z", "--no-show-signature", "--encoding=UTF-8", "--format=%B")
        messages = self.git.text(self.top, *log, f"{base}..{tip}").split("\0")
        return all(occasions(message) for message in messages if message.strip())

    def put(self, commit: str, *, branch: str, tip: str | None) -> None:
        """Make a branch that commit, if the branch still is at `tip`.

        Raises:
            ReleaseError: the remote refuses.
            TransientError: somebody else moved the branch, or the remote cannot be reached.
        """
        ref = f"refs/heads/{branch}"
        # No "+" before the commit: it would force the push whatever the lease says.
        done = self._push(f"--force-with-lease={ref}:{tip or ''}", f"{commit}:{ref}")
        if self._was_overtaken(done, branch, tip):
            raise TransientError(f"{self.remote}: others push to {branch} all the time")
        self._require(done, "push")

    def _fetch(self, source: str, target: str) -> Finished:
        fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--update-shallow")
        return self.git.run(self.top, (*fetch, "origin", f"+{source}:{target}"))

    def _push(self, *what: str) -> Finished:
        *options, refspec = what
        push = ("push", "--porcelain", "--no-follow-tags", "--no-signed", "--no-verify")
        return self.git.run(self.top, (*push, *options, "origin", refspec))

    def _was_overtaken(self, done: Finished, branch: str, expected: str | None) -> bool:
        """Whether a push failed because the branch moved.

        A server that notices late words it in many ways, and so does a hook that refuses; so the
        branch is asked again.
        """
        found = _REJECTED.search(words(done.stdout)) if done.returncode else None
        if found is None:
            return False
        if found[1] is None or _LATE.search(found[2]):
            return True
        now = self.git.run(self.top, ("ls-remote", "origin", f"refs/heads/{branch}"))
        return not now.returncode and words(now.stdout).partition("\t")[0] != (expected or "")

    def _require(self, done: Finished, what: str) -> None:
        if done.returncode:
            raise _failure(done, what, self.remote)


def _failure(done: Finished, what: str, remote: Remote) -> ReleaseError:
    """Why git could not fetch or push, in the words of whoever refused."""
    said = words(done.stderr)
    line = " ".join(said.split())
    refused = _REJECTED.search(words(done.stdout))
    if refused is not None:
        told = " ".join(" ".join(_TOLD.findall(said)).split())
        return ReleaseError(
            f"{remote}: refuses the {what} ({refused[2]}){f': {told}' if told else ''}; remedy: "
            f"let the automation's identity push there, or release by pull-request; see {RUNBOOK}"
        )
    if _CREDENTIALS_REFUSED.search(said):
        return ReleaseError(
            f"{remote}: refuses the credentials of the {what}: {line}; remedy: renew the key or "
            "token that git uses here (on AWS: the secret in delivery.source.credentials), and "
            f"let it {what}; see {RUNBOOK}"
        )
    if _NO_REPOSITORY.search(said):
        return ReleaseError(
            f"{remote}: is not a repository, or none that these credentials may see: {line}; "
            f"remedy: correct --remote, or the credentials; see {RUNBOOK}"
        )
    return TransientError(f"{remote}: {what} failed: {line}")


@contextmanager
def cloned(remote: Remote, git: Git) -> Iterator[Clone]:
    """An empty clone, to be filled by `update`; it is gone afterwards.

    Raises:
        ReleaseError: git refuses.
    """
    folder = Path(tempfile.mkdtemp(prefix="release-automation-"))
    try:
        git.text(folder, "init", "--quiet", "--template=")
        git.text(folder, "remote", "add", "--", "origin", remote.url)
        yield Clone(top=folder, remote=remote, git=git)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
