"""Paths that a shell reads as one word, for folders whose own path it would not.

A definition's entry points are shell commands with `/opt/ml` in them, which needs no quotes. Here,
the container's root is a folder of a checkout, which may lie anywhere.
"""

import atexit
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

# A colon would end an entry of PATH.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.+@%=,-]+")


def plain(path: Path) -> Path:
    """The same place by a path without spaces, quotes and letters of other alphabets."""
    parts = path.parts[1:]
    awkward = [number for number, part in enumerate(parts, 1) if not _PLAIN.fullmatch(part)]
    if not awkward:
        return path
    return _link(Path(path.parts[0], *parts[: awkward[-1]])).joinpath(*parts[awkward[-1] :])


@cache
def _link(target: Path) -> Path:
    """A link to a folder, as long as this process lives."""
    home = Path(tempfile.mkdtemp(prefix="mlops-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    link = home / "root"
    link.symlink_to(target, target_is_directory=True)
    return link
