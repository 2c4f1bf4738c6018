"""A model's code as one archive whose bytes depend on nothing but the code.

Every job and the endpoint get the same archive. At its root lie the folder's own modules, the
platform's server and the part of the contract that scripts need; below it, the folder's own
packages, and `jobs` and `monitoring`. A served model takes along what it needs to answer, and not
the drift engine.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops.contract import ContractError, Example, ImageBuild, ModelSpec, Problem, read_examples

_ROOMS: Final = Path(__file__).parent.parent
_CONTAINER: Final = _ROOMS / "container"
SERVER_FILES: Final = tuple(
    _CONTAINER / "serving" / name for name in ("serve.py", "model_server.py")
)
PACKAGES: Final = (_CONTAINER / "jobs", _CONTAINER / "monitoring")
SHEET: Final = _ROOMS / "sheet.py"
"""The frame of the drift engine's page; the engine expects it at the root."""
PROBES: Final = _ROOMS / "rollout" / "probes.py"
"""What compares answers with examples; the package `jobs` expects it at the root."""
CONTENT: Final = _ROOMS / "rollout" / "content.py"
"""What proves an archive: every image carries it, and the jobs expect it at the root."""
DOCKERFILE: Final = _CONTAINER / "serving" / "Dockerfile"
_LEFT_BEHIND: Final = ("data", "examples", "tests")
"""Folders of a model that no job needs: data is a channel, examples are in the contract."""
_TAG_LENGTH: Final = 16
_COMPARED: Final = {
    "psi",
    "minimum_rows",
    "compare_within",
    "ignored",
    "labels",
    "limits",
}
"""What of `monitoring` belongs to a version; when the job runs does not, and changes no code."""


@dataclass(frozen=True, kw_only=True)
class CodeArchive:
    """A written archive and the hash of what is in it."""

    path: Path
    source_hash: str


def write_archive(spec: ModelSpec, folder: Path, build_dir: Path) -> CodeArchive:
    """Pack a model's code into `build_dir`; unchanged code leaves an unchanged file."""
    packed = _tar(code_files(spec, folder))
    source_hash = hashlib.sha256(packed).hexdigest()
    path = build_dir / f"{spec.name}-{source_hash[:_TAG_LENGTH]}.tar.gz"
    if not path.exists():
        _write_whole(path, _gzip(packed))
    return CodeArchive(path=path, source_hash=source_hash)


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside and rename, so that another synthesis never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    beside.write_bytes(content)
    beside.replace(path)


def code_files(spec: ModelSpec, folder: Path) -> dict[str, bytes]:
    """What the archive holds, by name: no caches, no tests, no data.

    Raises:
        ContractError: a module or package of the folder has the name of one of the platform's.
    """
    own = {path.relative_to(folder).as_posix(): path for path in _own_code(folder)}
    platform = {
        **{path.name: path for path in (*SERVER_FILES, SHEET, PROBES, CONTENT)},
        **{
            f"{package.name}/{path.name}": path
            for package in PACKAGES
            for path in sorted(package.glob("*.py"))
        },
    }
    _refuse_hidden(folder, own, platform)
    files = {name: path.read_bytes() for name, path in {**own, **platform}.items()}
    return {**files, "contract.json": contract_json(spec, folder).encode()}


def _own_code(folder: Path) -> Iterator[Path]:
    """The modules of a model's folder, and its packages whole, with the files that they read."""
    yield from sorted(folder.glob("*.py"))
    for package in sorted(path for path in folder.iterdir() if path.is_dir()):
        inside = [path for path in sorted(package.rglob("*")) if _travels(path.relative_to(folder))]
        if any(path.suffix == ".py" for path in inside):
            yield from (path for path in inside if path.is_file())


def _travels(path: Path) -> bool:
    parts = path.parts
    if parts[0] in _LEFT_BEHIND or path.suffix in (".pyc", ".pyo"):
        return False
    return not any(part in ("__pycache__", "tests") or part.startswith(".") for part in parts)


def _refuse_hidden(folder: Path, own: Mapping[str, Path], platform: Mapping[str, Path]) -> None:
    """One name means one module: of two, the archive would hold the platform's alone."""
    taken = {_module(name) for name in platform}
    hidden = sorted({_module(name) for name in own} & taken)
    if hidden:
        problem = Problem(
            file=f"{folder.parent.name}/{folder.name}",
            key="",
            problem="has a module or package of a name that the platform's code has in the archive",
            got=", ".join(hidden),
            remedy="give it another name",
        )
        raise ContractError((problem,))


def _module(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


def contract_json(spec: ModelSpec, folder: Path) -> str:
    """The part of the contract that scripts need, with the examples' content."""
    shared = spec.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        include={
            **dict.fromkeys(
                ("name", "problem", "schema_", "gates", "examples", "evaluation"), True
            ),
            "monitoring": _COMPARED,
            "endpoint": {"capture": {"personal_fields"}},
        },
    )
    shared["examples"]["cases"] = [_case(example) for example in read_examples(folder)]
    return json.dumps(shared, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def image_tag(folder: Path, build: ImageBuild) -> str:
    """Tag of the model's image: the hash of everything that the image is built from."""
    content = hashlib.sha256()
    for path in (dockerfile(folder), folder / "requirements.lock", CONTENT):
        content.update(hashlib.sha256(path.read_bytes()).digest())
    content.update(f"{build.base} {build.revision}".encode())
    return content.hexdigest()[:_TAG_LENGTH]


def dockerfile(folder: Path) -> Path:
    """What a model's image is built by: the platform's Dockerfile, or the folder's own."""
    own = folder / "Dockerfile"
    return own if own.is_file() else DOCKERFILE


def _case(example: Example) -> dict[str, Any]:
    is_json = example.content_type == "application/json"
    return {
        "name": example.name,
        "request": json.loads(example.request) if is_json else example.request,
        "response": example.response,
    }


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            # A TarInfo of its own has owner, group and time 0.
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    return buffer.getvalue()


def _gzip(content: bytes) -> bytes:
    """A gzip stream whose bytes no version of zlib decides: stored, not compressed."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=0, fileobj=buffer, mtime=0) as stream:
        stream.write(content)
    return buffer.getvalue()
