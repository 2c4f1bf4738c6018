"""The part of a faulty file that can still be judged, so that one mistake hides no other.

Rules that join several keys need a spec. Where single values are wrong, the spec is built from the
rest and lacks those fields; a rule that reads such a field ends there. A spec like that never
leaves this room: the file it was made from is refused.
"""

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from mlops.contract.document import KeyPath
from mlops.contract.problems import UnreadableError

SpecT = TypeVar("SpecT", bound=BaseModel)
FoundT = TypeVar("FoundT")
Places = frozenset[KeyPath]


def partial_spec(spec: type[SpecT], data: object, wrong: Iterable[KeyPath]) -> SpecT | None:
    """The spec of a file in which everything is right but these keys; None if nothing is."""
    places = frozenset(wrong)
    if () in places or not isinstance(data, dict):
        return None
    return _block(spec, data, (), places)


def without_fields(spec: SpecT, names: Iterable[str]) -> SpecT:
    """The spec itself, after these fields were taken out of it."""
    for name in names:
        spec.__dict__.pop(name, None)
    return spec


def joint_errors(
    spec: BaseModel, path: KeyPath = ()
) -> Iterator[tuple[KeyPath, PydanticCustomError]]:
    """What every block of a spec says of its keys together, as far as it can read them.

    Pydantic asks a block only once all of its values are right, and ends at its first objection.
    """
    for rule in type(spec).__pydantic_decorators__.model_validators.values():
        try:
            rule.func(spec)
        except UnreadableError:
            continue
        except PydanticCustomError as error:
            yield path, error
    for _, here, value in _fields(spec, path):
        for where, block in _blocks(value, here):
            yield from joint_errors(block, where)


def _fields(spec: BaseModel, path: KeyPath) -> Iterator[tuple[str, KeyPath, object]]:
    """The fields of a block that can be read: name, path in the file, value."""
    for name, field in type(spec).model_fields.items():
        if name in spec.__dict__:
            yield name, (*path, field.alias or name), spec.__dict__[name]


@dataclass(frozen=True, kw_only=True)
class SoundEntries(Generic[SpecT]):
    """A spec without the faulty entries of one list or mapping of blocks.

    It is left out of every block of its kind: of each stage's tiers, for example.
    """

    spec: SpecT
    kept: Mapping[KeyPath, tuple[int, ...]]
    """By the list, the places in the file of the entries that are left; () for a mapping."""


def sound_entries(spec: SpecT) -> Iterator[SoundEntries[SpecT]]:
    """A spec for each list or mapping of blocks that has faulty entries.

    A rule that goes through a list ends at the first entry that it cannot read. What it would say
    of the others it says of these.
    """
    for field in dict.fromkeys(_faulty_fields(spec)):
        kept: dict[KeyPath, tuple[int, ...]] = {}
        yield SoundEntries(spec=_pruned(spec, (), field, kept), kept=kept)


_FieldOf = tuple[type[BaseModel], str]


def _faulty_fields(spec: BaseModel) -> Iterator[_FieldOf]:
    for name, _, value in _fields(spec, ()):
        if not isinstance(value, BaseModel) and _is_faulty(value):
            yield type(spec), name
        for _, block in _blocks(value, ()):
            yield from _faulty_fields(block)


def _pruned(
    spec: SpecT, path: KeyPath, field: _FieldOf, kept: dict[KeyPath, tuple[int, ...]]
) -> SpecT:
    def inner(value: object, here: KeyPath) -> object:
        if isinstance(value, BaseModel):
            return _pruned(value, here, field, kept)
        if isinstance(value, dict):
            return {key: inner(one, (*here, key)) for key, one in value.items()}
        if isinstance(value, tuple):
            return tuple(inner(one, (*here, at)) for at, one in enumerate(value))
        return value

    values: dict[str, Any] = {
        name: _without_faulty(value, here, kept)
        if (type(spec), name) == field
        else inner(value, here)
        for name, here, value in _fields(spec, path)
    }
    return without_fields(type(spec).model_construct(**values), unreadable(spec))


def _without_faulty(value: object, path: KeyPath, kept: dict[KeyPath, tuple[int, ...]]) -> object:
    if isinstance(value, dict):
        kept[path] = ()
        return {key: one for key, one in value.items() if not _is_faulty(one)}
    if isinstance(value, tuple):
        kept[path] = tuple(at for at, one in enumerate(value) if not _is_faulty(one))
        return tuple(value[at] for at in kept[path])
    return value


def _is_faulty(value: object) -> bool:
    return any(unreadable(block) for _, block in _blocks_within(value))


def _blocks_within(value: object) -> Iterator[tuple[KeyPath, BaseModel]]:
    for path, block in _blocks(value, ()):
        yield path, block
        for _, here, inner in _fields(block, path):
            yield from ((here, found) for _, found in _blocks_within(inner))


def _blocks(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, BaseModel]]:
    """The blocks that a value is, or holds."""
    if isinstance(value, BaseModel):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _blocks(one, (*path, key))
    elif isinstance(value, tuple):
        for at, one in enumerate(value):
            yield from _blocks(one, (*path, at))


def unreadable(spec: BaseModel) -> frozenset[str]:
    """The fields that were taken out of a spec."""
    return frozenset(type(spec).model_fields.keys() - spec.__dict__.keys())


def readable(rule: Callable[..., Iterator[FoundT]], *arguments: object) -> Iterator[FoundT]:
    """What a rule finds before it meets a value that it cannot read."""
    found = rule(*arguments)
    while True:
        try:
            problem = next(found)
        except (StopIteration, UnreadableError):
            return
        yield problem


def _block(spec: type[SpecT], data: dict[str, Any], path: KeyPath, wrong: Places) -> SpecT:
    values: dict[str, Any] = {}
    unreadable = []
    for name, field in spec.model_fields.items():
        key = field.alias or name
        here = (*path, key)
        if here in wrong or _is_spoiled(field.annotation, data.get(key), here, wrong):
            unreadable.append(name)
        elif key in data:
            values[name] = _value(field.annotation, data[key], here, wrong)
    return without_fields(spec.model_construct(**values), unreadable)


def _is_spoiled(annotation: object, value: object, path: KeyPath, wrong: Places) -> bool:
    """Whether a list or a mapping of plain values has a wrong one: then none of it is read."""
    inner = _held(annotation, value)
    if inner is None or _block_of(inner) or _collection(inner, dict) is not None:
        return False
    return any(place[: len(path)] == path for place in wrong)


def _value(annotation: object, value: object, path: KeyPath, wrong: Places) -> object:
    block, inner = _block_of(annotation), _held(annotation, value)
    if block is not None and isinstance(value, dict) and path not in wrong:
        return _block(block, value, path, wrong)
    if value is None and path not in wrong and _takes_none(annotation):
        return None
    if block is not None:
        return without_fields(block.model_construct(), block.model_fields)
    if isinstance(value, dict):
        held = value.items()
        return {
            key: _value(inner, one, (*path, key), wrong)
            for key, one in held
            if _block_of(inner) or (*path, key) not in wrong
        }
    if isinstance(value, list):
        return tuple(_value(inner, one, (*path, at), wrong) for at, one in enumerate(value))
    return value


def _block_of(annotation: object) -> type[BaseModel] | None:
    """The spec that an annotation names, None allowed beside it."""
    members = _members(annotation)
    found = (one for one in members if isinstance(one, type) and issubclass(one, BaseModel))
    return next(found, None)


def _takes_none(annotation: object) -> bool:
    return type(None) in _members(annotation)


def _held(annotation: object, value: object) -> object:
    """What the entries of a list or a mapping are; None for anything else."""
    if isinstance(value, dict):
        return _collection(annotation, dict)
    return _collection(annotation, tuple) if isinstance(value, list) else None


def _collection(annotation: object, kind: type) -> object:
    for member in _members(annotation):
        if get_origin(member) is kind:
            return get_args(member)[1 if kind is dict else 0]
    return None


def _members(annotation: object) -> Iterator[object]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation
