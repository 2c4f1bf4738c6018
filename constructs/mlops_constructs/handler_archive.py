"""The code of the serving functions as one archive whose bytes depend on nothing but the code."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import mlops
import mlops_constructs

CONTRACT: Final = "contract.json"
"""Name of the model's contract, examples included, at the root of the archive."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o644 << 16


def write_handlers(*, contract: str, build_dir: Path) -> Path:
    """Pack the handlers, the judgement that they share with the rehearsal, and the contract."""
    homes = ((mlops, ("", "rollout")), (mlops_constructs, ("", "handlers")))
    files = {CONTRACT: contract.encode(), **sources(*homes)}
    return write_once(packed(files), build_dir, "handlers-{}.zip")


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
    """The modules of packages' folders under the names by which they import each other."""
    found = {}
    for package, folders in homes:
        home = Path(str(package.__file__)).parent
        for folder in folders:
            pattern = "*.py" if folder else "__init__.py"
            for path in (home / folder).glob(pattern):
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
