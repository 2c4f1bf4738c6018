"""Whether an answer keeps the promises of the contract's schema."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from mlops.contract import Field


def schema_differences(found: Any, fields: Sequence[Field]) -> Iterator[str]:
    """Every output field of an answer that breaks its promise."""
    named = {field.name: field for field in fields}
    seen: set[str] = set()
    for key, value in _members(found):
        if key in named:
            seen.add(key)
            objection = _objection(named[key], value)
            if objection:
                yield f"{key}: {objection}"
    for name in named.keys() - seen:
        yield f"{name}: missing"


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from _members(value)
    elif isinstance(node, list):
        for item in node:
            yield from _members(item)


def _objection(field: Field, value: Any) -> str | None:
    if value is None:
        return None if field.nullable else "is null"
    if field.allowed is not None and value not in field.allowed:
        return f"{value!r} is not allowed"
    if field.type in ("integer", "number"):
        return _number_objection(field, value)
    kinds = {"string": str, "boolean": bool}
    return (
        None
        if isinstance(value, kinds[field.type])
        else f"{value!r:.40} is not of type {field.type}"
    )


def _number_objection(field: Field, value: Any) -> str | None:
    if not _is_number(value) or not math.isfinite(value):
        return f"{value!r:.40} is not a finite number"
    if field.min is not None and value < field.min:
        return f"{value:g} is below {field.min:g}"
    if field.max is not None and value > field.max:
        return f"{value:g} is above {field.max:g}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
