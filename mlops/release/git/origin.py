"""Which repository a checkout's commits go to, as an address that works from any folder."""

import re
from pathlib import Path

from mlops.release.errors import ReleaseError
from mlops.release.git.git import Git


def origin(root: Path, git: Git) -> str:
    """The address of a checkout's remote `origin`.

    Raises:
        ReleaseError: this is not a checkout, or it has no such remote.
    """
    found = named(root, git, "origin")
    if found is None:
        raise ReleaseError(f"{root}: has no remote origin; remedy: say where to push with --remote")
    return found


def named(root: Path, git: Git, remote: str) -> str | None:
    """The address of one of a checkout's remotes; None where it has none of this name."""
    listed = git.run(root, ("remote",))
    if listed.returncode or remote not in listed.stdout.decode().split():
        return None
    top = git.text(root, "rev-parse", "--show-toplevel").strip()
    return absolute(git.text(root, "remote", "get-url", remote).strip(), base=Path(top))


def absolute(address: str, *, base: Path) -> str:
    """An address whose path, if it is one on this machine, does not depend on a folder."""
    is_path = is_here(address) and not address.startswith("file://")
    return str((base / address).resolve()) if is_path else address


def is_here(address: str) -> bool:
    """Whether an address is a path on this machine, and so nobody else's remote."""
    return address.startswith("file://") or re.match(r"[^/]*:", address) is None


def folder_in(root: Path, git: Git) -> str:
    """Where a platform stands in its repository; empty at the top, and outside of any checkout."""
    found = git.run(root, ("rev-parse", "--show-prefix"))
    return "" if found.returncode else found.stdout.decode().strip().rstrip("/")
