r"""Content of a folder or an archive as one hash, and the start of a server that proves it first.

The image carries this file and starts it as `serve`; nothing of an archive runs before the archive
is what was released. The hash is the one that GNU's tools give in a folder:

    find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -z -- | sha256sum

So it depends on the name and the bytes of every file, and on nothing else: no order, no mode, no
owner, no time, no folder without files. Standard library alone; Python 3.11 or newer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import stat
import sys
import tarfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, NoReturn

VARIABLE: Final = "MODEL_CONTENT"
"""Names the content that a model's container may serve."""
UNRECORDED: Final = "unrecorded"
"""Stands for a content that nobody recorded: a reviewed decision to start without a proof."""
DIGEST_PATTERN: Final = "[0-9a-f]{64}"
REFUSED: Final = 3
"""Exit code of a container that refuses its archive; a server that cannot load its model ends
with 1."""
_SERVER: Final = Path("code/serve.py")
_DEFAULT_FOLDER: Final = "/opt/ml/model"


class ContentError(Exception):
    """A tree without a hash, or with another one than was released."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a tree of files amounts to."""

    digest: str
    """64 hexadecimal digits."""
    files: int
    bytes: int


def content_of_folder(folder: Path) -> Content:
    """The content of everything below a folder; memory grows with the number of files only.

    Raises:
        ContentError: there is anything but files and folders, like a link or a device.
        OSError: something cannot be read.
    """
    root = os.fsencode(folder)
    return _content(dict(_files_below(root, b"")))


def content_of_archive(stream: IO[bytes]) -> Content:
    """The content that a .tar.gz has once it is unpacked; read once, unpacked nowhere.

    Raises:
        ContentError: it is broken, holds anything but files and folders, or names a file twice
            or outside itself.
    """
    files: dict[bytes, tuple[str, int]] = {}
    try:
        with tarfile.open(fileobj=stream, mode="r|gz") as packed:
            for member in packed:
                if member.isdir():
                    continue
                name = _name_in_archive(member)
                if name in files:
                    raise ContentError(f"{os.fsdecode(name)!r} is in the archive twice")
                content = packed.extractfile(member)
                assert content is not None
                files[name] = (_digest(content), member.size)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ContentError(f"the archive cannot be read: {error}") from error
    return _content(files)


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return _digest(stream)


def require_content(folder: Path, expected: str | None) -> Content | None:
    """The content of a folder, proved to be the expected one; None where none was recorded.

    Raises:
        ContentError: nothing or nonsense is expected, or the folder holds something else.
    """
    if expected == UNRECORDED:
        return None
    if not re.fullmatch(DIGEST_PATTERN, expected or ""):
        given = "not set" if expected is None else repr(expected)
        raise ContentError(
            f"{VARIABLE} is {given}; allowed: the 64 hexadecimal digits that `mlops release pin` "
            f"recorded for the version, or {UNRECORDED}, which starts it without a proof"
        )
    try:
        found = content_of_folder(folder)
    except OSError as error:
        raise ContentError(f"{folder}: cannot be read: {error}") from error
    if found.digest != expected:
        raise ContentError(
            f"{folder} holds {found.digest}, and {expected} was released: the archive is not the "
            "one that was approved; nothing of it was started"
        )
    return found


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Prove the archive that SageMaker unpacked, then become its server."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    default = os.environ.get("SM_MODEL_DIR", _DEFAULT_FOLDER)
    parser.add_argument("--model-dir", type=Path, default=Path(default))
    given, others = parser.parse_known_args(arguments)
    began = time.monotonic()
    try:
        found = require_content(given.model_dir, os.environ.get(VARIABLE))
        server = _server_of(given.model_dir)
    except ContentError as refusal:
        _log("ERROR", "refused to start", reason=str(refusal))
        sys.exit(REFUSED)
    if found is None:
        _log("WARNING", "started without a proof", reason=f"{VARIABLE} is {UNRECORDED}")
    else:
        _log("INFO", "content proved", **vars(found), seconds=round(time.monotonic() - began, 3))
    _become([str(server), *others, "--model-dir", str(given.model_dir)])


def _server_of(folder: Path) -> Path:
    if not (folder / _SERVER).is_file():
        raise ContentError(f"{folder} holds no {_SERVER}")
    return folder / _SERVER


def _become(command: Sequence[str]) -> NoReturn:
    # Python runs a cached .pyc in place of the source: none may be added to a proved tree.
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606  # no shell on purpose


def _log(level: str, event: str, **extra: object) -> None:
    """One JSON line, as the server's own."""
    sys.stdout.write(json.dumps({"level": level, "event": event, **extra}) + "\n")
    sys.stdout.flush()


def _content(files: Mapping[bytes, tuple[str, int]]) -> Content:
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{files[name][0]}  ".encode() + name + b"\0")
    size = sum(length for _, length in files.values())
    return Content(digest=whole.hexdigest(), files=len(files), bytes=size)


def _files_below(root: bytes, inside: bytes) -> Iterator[tuple[bytes, tuple[str, int]]]:
    """Names with / relative to the root, each with its digest and length, in any order."""
    with os.scandir(os.path.join(root, inside) if inside else root) as entries:  # noqa: PTH118  # names are bytes, and need not be text
        found = list(entries)
    for entry in found:
        name = inside + b"/" + entry.name if inside else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(root, name)
        else:
            yield name, _regular(entry.path, name)


def _regular(path: bytes, name: bytes) -> tuple[str, int]:
    """Digest and length of a regular file; what else has a name is never opened."""
    kind = os.lstat(path).st_mode
    if not stat.S_ISREG(kind):
        raise ContentError(_no_file(os.fsdecode(name)))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123  # a path cannot refuse a link
        return _digest(stream), os.fstat(descriptor).st_size


def _name_in_archive(member: tarfile.TarInfo) -> bytes:
    path = PurePosixPath(member.name)
    if not member.isreg() or path.is_absolute() or ".." in path.parts or not path.parts:
        raise ContentError(_no_file(member.name))
    return os.fsencode(str(path))


def _no_file(name: str) -> str:
    return f"{name!r} is not a file or folder inside the tree; allowed: regular files in folders"


def _digest(stream: IO[bytes]) -> str:
    # typeshed asks for more of a stream than file_digest does.
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # see above


if __name__ == "__main__":
    main()
