"""Compares two answers of a model: numbers within a tolerance, everything else exactly."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlops.contract import Field


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far a number may be from the expected one; the larger allowance counts."""

    relative: float
    absolute: float = 0.0

    def allows(self, expected: float, found: float) -> bool:
        """Whether a number is close enough."""
        return math.isclose(expected, found, rel_tol=self.relative, abs_tol=self.absolute)


def differences(
    expected: Any, found: Any, tolerance: Tolerance, path: str = "answer"
) -> Iterator[str]:
    """Everything in which an answer is not the expected one."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            if key not in found or key not in expected:
                yield f"{path}.{key}: {'missing' if key in expected else 'unexpected'}"
            else:
                yield from differences(expected[key], found[key], tolerance, f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: {len(found)} items instead of {len(expected)}"
        for index, (left, right) in enumerate(zip(expected, found, strict=False)):
            yield from differences(left, right, tolerance, f"{path}[{index}]")
    elif _is_number(expected) and _is_number(found):
        if not tolerance.allows(expected, found):
            yield f"{path}: {found:g} instead of {expected:g}"
    elif expected != found or type(expected) is not type(found):
        yield f"{path}: {found!r:.60} instead of {expected!r:.60}"


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
    return None if isinstance(value, kinds[field.type]) else f"{value!r:.40} is no {field.type}"


def _number_objection(field: Field, value: Any) -> str | None:
    if not _is_number(value) or not math.isfinite(value):
        return f"{value!r:.40} is no finite number"
    if field.min is not None and value < field.min:
        return f"{value:g} is below {field.min:g}"
    if field.max is not None and value > field.max:
        return f"{value:g} is above {field.max:g}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
