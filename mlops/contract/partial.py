"""The part of a faulty file that can still be judged, so that one mistake hides no other.

Rules that join several keys need a spec. Where single values are wrong, the spec is built from the
rest and lacks those fields; a rule that reads such a field ends there. A spec like that never
leaves this room: the file it was made from is refused.
"""

import types
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

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
