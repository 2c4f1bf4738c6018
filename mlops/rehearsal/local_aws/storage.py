"""S3 on this machine: `s3://bucket/key` is `<folder>/bucket/key`.

An object appears complete or not at all. A reader gets copies, so that no job can change another's
input.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops.rehearsal.errors import RehearsalError

_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?(.*)", re.DOTALL)


class StorageError(RehearsalError, OSError):
    """An object that is not there, or a URI that cannot be one."""


@dataclass(frozen=True)
class LocalS3:
    """All buckets, below one folder."""

    folder: Path

    def path(self, uri: str) -> Path:
        """Where an object or prefix is kept.

        Raises:
            StorageError: this is not an S3 URI, or its key would leave the bucket.
        """
        found = _URI.fullmatch(uri)
        if found is None:
            raise StorageError(f"{uri!r} is not an S3 URI; allowed: s3://bucket/key")
        bucket, key = found.groups()
        parts = [part for part in key.split("/") if part]
        if ".." in parts or "\0" in key:
            raise StorageError(f"{uri!r} leaves its bucket")
        return self.folder.joinpath(bucket, *parts)

    def exists(self, uri: str) -> bool:
        """Whether there is an object at the URI, or one below it."""
        return bool(_files(self.path(uri)))

    def read_text(self, uri: str) -> str:
        """The text of an object.

        Raises:
            StorageError: there is no such object.
        """
        return self._object(uri).read_text("utf-8")

    def put(self, file: Path, uri: str) -> None:
        """Store a file as one object."""
        _copy(file, self.path(uri))

    def put_folder(self, folder: Path, uri: str) -> None:
        """Store everything below a folder under a prefix; links are not followed out of it."""
        for file in _files(folder):
            _copy(file, self.path(uri) / file.relative_to(folder))

    def download(self, uri: str, folder: Path) -> None:
        """Put copies of an object, or of all objects below a prefix, into a folder.

        Raises:
            StorageError: there is nothing at the URI.
        """
        source = self.path(uri)
        files = _files(source)
        if not files:
            raise StorageError(f"there is no object at {uri}; looked in {source}")
        base = source.parent if source.is_file() else source
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            target = folder / file.relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)

    def download_listed(self, uri: str, folder: Path) -> None:
        """Put copies of what a manifest lists into a folder, under their names after its prefix.

        The form is that of S3DataSource, type ManifestFile: a prefix, then names.

        Raises:
            StorageError: there is no manifest at the URI, or an object that it lists is missing.
        """
        prefix, *names = json.loads(self.read_text(uri))
        for name in names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._object(f"{prefix['prefix']}{name}"), target)

    def fingerprint(self, uri: str) -> str:
        """A hash over names and contents of what is at the URI; "" where there is nothing."""
        source = self.path(uri)
        files = _files(source)
        if not files:
            return ""
        base = source.parent if source.is_file() else source
        lines = (f"{file.relative_to(base).as_posix()} {_sha256(file)}\n" for file in files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _object(self, uri: str) -> Path:
        path = self.path(uri)
        if not path.is_file():
            raise StorageError(f"there is no object at {uri}; looked in {path}")
        return path


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(_walk(path)) if path.is_dir() else []


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            file = Path(parent, name)
            if file.is_file() and not file.is_symlink() and not name.startswith(".uploading-"):
                yield file


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".uploading-")
    os.close(handle)
    try:
        shutil.copyfile(source, temporary)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
