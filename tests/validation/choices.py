"""Every value of every choice that the contract offers, found in the specs' own types."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from mlops.contract import ModelSpec
from mlops.contract.release_spec import ReleasesSpec
from mlops.contract.stage_spec import StagesSpec
from tests.validation.configurations import KeyPath, Variant

SPECS: dict[str, type[BaseModel]] = {
    "model": ModelSpec,
    "stages": StagesSpec,
    "releases": ReleasesSpec,
}
MOST = 7
"""More values than this are of one kind, as the numbers of days that a log may be kept."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where three files have a choice, or could have it."""

    choice: str
    """The spec and its field."""
    file: str
    path: KeyPath
    values: tuple[Any, ...]
    written: Any
    """What is there now; None if nothing is."""
    is_listed: bool = False
    """Whether a list of such values is written."""

    def variant(self, value: Any) -> Variant:
        """The files with this value there."""
        return Variant(file=self.file, path=self.path, value=[value] if self.is_listed else value)


def places(files: dict[str, Any]) -> list[Place]:
    """Every choice of few values that a part of these files has."""
    found = (
        place
        for file, spec in SPECS.items()
        for place in _of_spec(spec, _Found(file=file, path=(), data=files.get(file), choice=""))
    )
    return [place for place in found if len(place.values) <= MOST]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A part of a file's data, and the field of a spec that describes it."""

    file: str
    path: KeyPath
    data: Any
    choice: str

    def at(self, key: str | int, data: Any, choice: str | None = None) -> "_Found":
        path = (*self.path, key)
        return _Found(file=self.file, path=path, data=data, choice=choice or self.choice)


def _of(kind: Any, at: _Found) -> Iterator[Place]:
    origin, inner = get_origin(kind), get_args(kind)
    if hasattr(kind, "__value__"):
        yield from _of(kind.__value__, at)
    elif origin is Literal:
        yield Place(choice=at.choice, file=at.file, path=at.path, values=inner, written=at.data)
    elif origin in (Annotated, Union, types.UnionType):
        for one in inner[:1] if origin is Annotated else inner:
            yield from _of(one, at)
    elif origin in (dict, tuple):
        yield from _of_several(inner[1] if origin is dict else inner[0], at)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _of_spec(kind, at)


def _of_spec(kind: type[BaseModel], at: _Found) -> Iterator[Place]:
    data = at.data if isinstance(at.data, dict) else {}
    for name, field in kind.model_fields.items():
        key = field.alias or name
        yield from _of(field.annotation, at.at(key, data.get(key), f"{kind.__name__}.{name}"))


def _of_several(kind: Any, at: _Found) -> Iterator[Place]:
    """A mapping or a list; some are written as the one and read as the other."""
    if get_origin(kind) is Literal or (get_origin(kind) is Annotated and _is_choice(kind)):
        values = get_args(kind if get_origin(kind) is Literal else get_args(kind)[0])
        for written in at.data or [None]:
            yield Place(
                choice=at.choice, file=at.file, path=at.path, values=values, written=written,
                is_listed=True,
            )  # fmt: skip
    elif isinstance(at.data, dict):
        for key, data in at.data.items():
            yield from _of(kind, at.at(key, data))
    elif isinstance(at.data, list):
        for index, data in enumerate(at.data):
            yield from _of(kind, at.at(index, data))


def _is_choice(kind: Any) -> bool:
    return get_origin(get_args(kind)[0]) is Literal
