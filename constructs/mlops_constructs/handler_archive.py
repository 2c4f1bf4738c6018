"""The code of the functions as archives whose bytes depend on nothing but the code."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import mlops
import mlops_handlers

CONTRACT: Final = "contract.json"
"""Name of the model's contract, examples included, at the root of the archive."""
JUDGEMENT: Final = ("", "metrics.py", "rollout")
"""What of the platform judges a release, and needs the standard library alone."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o644 << 16


@dataclass(frozen=True, kw_only=True)
class HandlerArchives:
    """One for each capability: what changes the weekly mail changes no function of a release."""

    rollout: Path
    monitoring: Path
    training: Path
    batch: Path


def write_handlers(*, contract: str, build_dir: Path) -> HandlerArchives:
    """Pack each capability's handlers with the judgement that they share with the rehearsal.

    What starts a training judges nothing: no verdict's change changes its function.

    Args:
        contract: the model's contract.json, which only the functions of a release read.
        build_dir: where the archives go, named by their content.
    """

    def written(room: str, files: Mapping[str, bytes], *, judges: bool = True) -> Path:
        homes = ((mlops, JUDGEMENT if judges else ()), (mlops_handlers, (".", room)))
        return write_once(packed({**files, **sources(*homes)}), build_dir, f"{room}-{{}}.zip")

    return HandlerArchives(
        rollout=written("rollout", {CONTRACT: contract.encode()}),
        monitoring=written("monitoring", {}),
        training=written("training", {}, judges=False),
        batch=written("batch", {}),
    )


def write_once(content: bytes, build_dir: Path, name: str) -> Path:
    """Write a file named by its content; another synthesis never reads half of it."""
    path = build_dir / name.format(hashlib.sha256(content).hexdigest()[:16])
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{os.getpid()}-{path.name}")
        beside.write_bytes(content)
        beside.replace(path)
    return path


def sources(*homes: tuple[ModuleType, Sequence[str]]) -> dict[str, bytes]:
    """The modules of packages' folders under the names by which they import each other.

    Of the folder "" only the package itself, without its modules; of "." they are meant. A name
    that ends in .py is a single module.
    """
    found = {}
    for package, folders in homes:
        home = Path(str(package.__file__)).parent
        for folder in folders:
            pattern = folder if folder.endswith(".py") else f"{folder}/*.py"
            for path in home.glob(pattern if folder else "__init__.py"):
                found[f"{home.name}/{path.relative_to(home).as_posix()}"] = path.read_bytes()
    return found


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files whose bytes depend on nothing but them."""
    buffer = io.BytesIO()
    # Stored: what a compressor writes depends on its version.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3
            entry.external_attr = _READABLE
            archive.writestr(entry, files[name])
    return buffer.getvalue()
