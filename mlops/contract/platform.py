"""Reads the whole configuration at once and reports everything that is wrong with it at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

from mlops.contract import guardrails
from mlops.contract.document import Document, read_document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.naming import Names
from mlops.contract.problems import ContractError, Problem, UnreadableError
from mlops.contract.release_spec import ReleasesSpec
from mlops.contract.stage_spec import StagesFile, StagesSpec
from mlops.contract.translation import judged

MODELS: Final = "model_code"
STAGES: Final = "config/stages.yaml"
RELEASES: Final = "config/releases.yaml"
CONTRACT: Final = "model.yaml"

SpecT = TypeVar("SpecT", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Everything that the three kinds of file say, checked."""

    root: Path
    models: tuple[ModelSpec, ...]
    """The models that were asked for."""
    model_names: tuple[str, ...]
    """Every model of the repository, asked for or not."""
    stages: StagesSpec
    releases: ReleasesSpec
    warnings: tuple[Problem, ...] = ()
    """What is allowed and can hardly be wanted."""

    @property
    def names(self) -> Names:
        """The physical names that follow from the configuration."""
        return Names(stages=self.stages)

    def model(self, name: str) -> ModelSpec:
        """One model by its name.

        Raises:
            KeyError: there is no such model among those that were loaded.
        """
        return {model.name: model for model in self.models}[name]


def load_platform(root: Path, *, model: str | None = None) -> Platform:
    """Read and check `config/` and every model's contract, or one model's only.

    Raises:
        ContractError: with every problem of every file that was read.
    """
    reading = _Reading(root=root.resolve(), only=model)
    return reading.result(reading.platform())


def load_config(root: Path) -> Platform:
    """Read and check `config/` alone: the models are known by their names only.

    Raises:
        ContractError: with every problem of the two files.
    """
    reading = _Reading(root=root.resolve(), only=None)
    return reading.result(reading.platform(with_models=False))


def load_model(root: Path, name: str) -> ModelSpec:
    """One model's contract alone, judged without its files, the stages and the releases.

    Raises:
        ContractError: with every problem of the contract.
    """
    reading = _Reading(root=root.resolve(), only=name)
    folder = root.resolve() / MODELS / name.replace("-", "_")
    loaded = reading.contract(folder)
    if loaded is None or reading.problems:
        raise ContractError(tuple(reading.problems))
    return loaded.spec


def model_folders(root: Path) -> list[Path]:
    """The folders below `model_code/` that hold a contract, in name order."""
    return [folder for folder in _folders(root) if (folder / CONTRACT).exists()]


def _folders(root: Path) -> list[Path]:
    home = root / MODELS
    found = home.iterdir() if home.is_dir() else []
    return sorted(path for path in found if path.is_dir() and not path.name.startswith((".", "__")))


@dataclass(frozen=True, kw_only=True)
class _Loaded(Generic[SpecT]):
    document: Document
    spec: SpecT


class _Reading:
    """Collects problems over all files instead of stopping at the first."""

    def __init__(self, *, root: Path, only: str | None) -> None:
        self.root = root
        self.only = only
        self.problems: list[Problem] = []

    def result(self, platform: Platform | None) -> Platform:
        """The platform with its warnings.

        Raises:
            ContractError: with every problem, if one is an error.
        """
        # A model's mistake that every stage finds is one mistake.
        found = tuple(dict.fromkeys(self.problems))
        if platform is None or any(problem.level == "error" for problem in found):
            raise ContractError(found)
        return replace(platform, warnings=found)

    def platform(self, *, with_models: bool = True) -> Platform | None:
        if not (self.root / STAGES).exists() and not (self.root / MODELS).exists():
            self.problems.append(self._no_repository())
            return None
        stages = self._load(self.root / STAGES, StagesFile)
        releases = self._load(self.root / RELEASES, ReleasesSpec)
        models = list(self._models()) if with_models else []
        if stages is None:
            return None
        return self._checked_together(stages, releases, models)

    def _checked_together(
        self,
        stages: _Loaded[StagesFile],
        releases: _Loaded[ReleasesSpec] | None,
        models: list[_Loaded[ModelSpec]],
    ) -> Platform | None:
        try:
            spec = StagesSpec.of(stages.spec)
        except UnreadableError:
            return None
        self.problems += guardrails.of_stages(stages.document, spec)
        names = tuple(folder.name.replace("_", "-") for folder in model_folders(self.root))
        for model in models:
            folder = self.root / MODELS / model.document.file.split("/")[1]
            self.problems += guardrails.of_model_in_stages(
                model.document, model.spec, spec, folder=folder
            )
        found = [model.spec for model in models]
        self.problems += guardrails.of_overrides(stages.document, found, spec)
        if releases is not None:
            self.problems += guardrails.of_releases(releases.document, releases.spec, spec, names)
        return Platform(
            root=self.root,
            models=tuple(model.spec for model in models),
            model_names=names,
            stages=spec,
            releases=releases.spec if releases else ReleasesSpec(),
        )

    def _models(self) -> Iterator[_Loaded[ModelSpec]]:
        folders = model_folders(self.root)
        if self.only is None:
            self.problems += [
                _stray(folder) for folder in _folders(self.root) if folder not in folders
            ]
        wanted = [folder for folder in folders if self._is_wanted(folder)]
        if not wanted:
            self.problems.append(self._nothing_to_load(folders))
        for folder in wanted:
            loaded = self.contract(folder)
            if loaded is not None:
                self.problems += guardrails.of_model(loaded.document, loaded.spec, folder)
                yield loaded

    def contract(self, folder: Path) -> _Loaded[ModelSpec] | None:
        return self._load(folder / CONTRACT, ModelSpec)

    def _is_wanted(self, folder: Path) -> bool:
        return self.only is None or folder.name == self.only.replace("-", "_")

    def _no_repository(self) -> Problem:
        return Problem(
            file=self.root.as_posix(),
            key="",
            problem="is not a repository of this platform",
            got=f"a folder without {STAGES} and {MODELS}",
            allowed=f"a folder that holds {STAGES}, or one below it",
            remedy="change into one, or name it: mlops --root PATH",
        )

    def _nothing_to_load(self, folders: list[Path]) -> Problem:
        known = ", ".join(folder.name.replace("_", "-") for folder in folders)
        return Problem(
            file=MODELS,
            key="",
            problem="there is no model" if self.only is None else f"there is no model {self.only}",
            got=None if self.only is None else repr(self.only),
            allowed=known or None,
            remedy=f"name an existing model, or add {MODELS}/<model>/{CONTRACT}",
        )

    def _load(self, path: Path, spec: type[SpecT]) -> _Loaded[SpecT] | None:
        try:
            document = read_document(path, root=self.root)
        except ContractError as error:
            self.problems += error.problems
            return None
        found = judged(document, spec)
        self.problems += found.problems
        return None if found.spec is None else _Loaded(document=document, spec=found.spec)


def _stray(folder: Path) -> Problem:
    return Problem(
        file=f"{MODELS}/{folder.name}",
        key=CONTRACT,
        problem=f"the folder has no {CONTRACT}, so it is not a model",
        got=folder.name,
        allowed=f"folders with a {CONTRACT}",
        remedy=f"add {CONTRACT}, or move the folder elsewhere",
        level="warning",
    )
