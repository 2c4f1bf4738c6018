"""The files that a synthesis reads, each by its content.

An assembly carries this record, so that whoever uses it can tell whether the folder still says what
was synthesized. Names come from folders and not from a list of files that were read, because a new
file changes a synthesis, too.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from mlops.contract import model_folders

RECORD: Final = "inputs.json"
_MODELS: Final = "model_code"
_PLATFORM: Final = (
    "app.py", "cdk.json", "cdk.context.json", "requirements.txt", "requirements/sdk.txt",
    "config", "constructs", "stacks",
)  # fmt: skip
_UNREAD_ROOMS: Final = ("cli", "registry", "rehearsal", "release")
"""Rooms of `mlops` that no synthesis imports."""
_UNREAD: Final = ("__pycache__", "tests")
_LIBRARIES: Final = ("aws-cdk-lib", "cdk-nag", "constructs", "jsii")


@dataclass(frozen=True, kw_only=True)
class SynthesisInputs:
    """What one synthesis was made from."""

    model: str | None
    """The one model that was synthesized; None: all of them."""
    stage: str | None
    """The one stage that was synthesized; None: all of them."""
    models: tuple[str, ...]
    """Folders of the models: an added one changes what every stage shares."""
    libraries: Mapping[str, str]
    files: Mapping[str, str]

    @classmethod
    def of(
        cls, root: Path, *, model: str | None = None, stage: str | None = None
    ) -> "SynthesisInputs":
        """What a synthesis of the repository would read now."""
        folders = model_folders(root)
        read = [folder for folder in folders if model in (None, _name(folder.name))]
        places = [*(root / name for name in _PLATFORM), *_rooms(root / "mlops"), *read]
        return cls(
            model=model,
            stage=stage,
            models=tuple(folder.name for folder in folders),
            libraries={name: version(name) for name in _LIBRARIES},
            files={
                path.relative_to(root).as_posix(): digest
                for place in places
                for path in _files(place)
                if (digest := _digest(path))
            },
        )

    @classmethod
    def recorded(cls, assembly: Path) -> "SynthesisInputs | None":
        """What an assembly was made from; None where it does not say."""
        try:
            content = json.loads((assembly / RECORD).read_text("utf-8"))
            return cls(**{**content, "models": tuple(content["models"])})
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, assembly: Path) -> None:
        """Leave the record in an assembly."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        (assembly / RECORD).write_text(f"{text}\n", "utf-8")

    def digest(self, model: str) -> str:
        """Identifies what one model's stacks are made from, in every stage."""
        content = [self.models, self.libraries, self.concerning(model)]
        text = json.dumps(content, sort_keys=True).encode()
        return hashlib.sha256(text).hexdigest()

    def differences(self, now: "SynthesisInputs", *, model: str | None = None) -> tuple[str, ...]:
        """What changed since this was recorded, as far as it concerns a model, or all of them."""
        before, after = self.concerning(model), now.concerning(model)
        files = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        libraries = [
            f"{name} {installed}"
            for name, installed in now.libraries.items()
            if self.libraries.get(name) != installed
        ]
        folders = [f"{_MODELS}/{name}" for name in sorted(set(self.models) ^ set(now.models))]
        return (*sorted(files), *libraries, *folders)

    def covers(self, model: str | None) -> bool:
        """Whether a model, or every one of them, was synthesized for every stage."""
        return self.stage is None and self.model in (None, model)

    def concerning(self, model: str | None) -> dict[str, str]:
        """The files that a model's stacks are made from; with None, every file."""
        others = tuple(
            f"{_MODELS}/{folder}/"
            for folder in self.models
            if model is not None and _name(folder) != model
        )
        return {name: digest for name, digest in self.files.items() if not name.startswith(others)}


@contextmanager
def recorded_inputs(
    root: Path, assembly: Path, *, asked: Callable[[str], str | None]
) -> Iterator[None]:
    """Record what the synthesis within reads; `asked` answers which model or stage was asked for.

    One that fails, or whose files are edited while it runs, leaves an assembly without a record.
    """
    (assembly / RECORD).unlink(missing_ok=True)
    inputs = SynthesisInputs.of(root, model=asked("model"), stage=asked("stage"))
    yield
    if SynthesisInputs.of(root, model=inputs.model, stage=inputs.stage) == inputs:
        inputs.write(assembly)


def _name(folder: str) -> str:
    return folder.replace("_", "-")


def _rooms(home: Path) -> list[Path]:
    names = (path.name for path in home.glob("*"))
    return [home / name for name in names if _is_read(name) and name not in _UNREAD_ROOMS]


def _files(place: Path) -> Iterator[Path]:
    """A file, or every file below a folder, links followed, without caches, tests and prose."""
    if not place.is_dir():
        yield place
        return
    seen: set[str] = set()
    for parent, folders, names in os.walk(place, followlinks=True):
        here = os.path.realpath(parent)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        folders[:] = [name for name in folders if _is_read(name)]
        yield from (Path(parent, name) for name in names if _is_read(name))


def _is_read(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(".md") and name not in _UNREAD


def _digest(path: Path) -> str:
    """The hash of a file; "" for what is none, or was removed by now."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""
