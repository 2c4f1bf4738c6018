"""Reads JSON into frozen dataclasses by their annotations; a misfit is told by its path."""

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

_WORDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    str: "a text",
}


class LiteralError(ValueError):
    """A value that is not what its place asks for."""


def read(kind: type[T], value: object, *, at: str) -> T:
    """The value as the dataclass, or as a text, number, tuple or null inside of one.

    Raises:
        LiteralError: with the path of the value, what was found and what is allowed.
    """
    return cast("T", _read(kind, value, at))


def _read(kind: Any, value: object, at: str) -> object:
    if kind is object:
        return value
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _optional(kind, value, at)
    if typing.get_origin(kind) is tuple:
        return _tuple(typing.get_args(kind)[0], value, at)
    if is_dataclass(kind):
        return _object(cast("type[Any]", kind), value, at)
    return _plain(kind, value, at)


def _optional(kind: Any, value: object, at: str) -> object:
    (inner,) = (one for one in typing.get_args(kind) if one is not type(None))
    return None if value is None else _read(inner, value, at)


def _tuple(kind: Any, value: object, at: str) -> tuple[object, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _wrong(value, at, "a list")
    return tuple(_read(kind, item, f"{at}[{index}]") for index, item in enumerate(value))


def _object(kind: type[Any], value: object, at: str) -> object:
    if not isinstance(value, Mapping):
        raise _wrong(value, at, "an object")
    hints = typing.get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    unknown = sorted(str(key) for key in value.keys() - known)
    if unknown:
        raise LiteralError(f"{at}.{unknown[0]}: unknown; allowed: {', '.join(sorted(known))}")
    missing = [
        field.name for field in fields(kind) if field.name not in value and field.default is MISSING
    ]
    if missing:
        raise LiteralError(f"{at}.{missing[0]}: missing")
    return kind(**{name: _read(hints[name], item, f"{at}.{name}") for name, item in value.items()})


def _plain(kind: Any, value: object, at: str) -> object:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _wrong(value, at, _WORDS[kind])
    return value


def _wrong(value: object, at: str, allowed: str) -> LiteralError:
    return LiteralError(f"{at}: got {value!r:.80}; allowed: {allowed}")
