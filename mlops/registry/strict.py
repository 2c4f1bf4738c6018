"""The constraints that SageMaker checks and botocore does not: enums, patterns and lengths.

Without them the local registry would take what AWS refuses.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape


def objections(shape: Shape | None, value: Any, path: str = "") -> Iterator[str]:
    """Everything about a request that its service model forbids, as SageMaker words it."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, member in value.items():
            place = f"{path}.{_camel(name)}" if path else _camel(name)
            yield from objections(shape.members.get(name), member, place)
    elif isinstance(shape, ListShape) and isinstance(value, Sequence):
        yield from _size_objections(shape, value, path)
        for index, item in enumerate(value, 1):
            yield from objections(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        yield from _size_objections(shape, value, path)
        for key, item in value.items():
            yield from objections(shape.key, key, path)
            yield from objections(shape.value, item, f"{path}.{key}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _string_objections(shape, value, path)


def _string_objections(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield _wording(value, path, f"Member must satisfy enum value set: [{allowed}]")
    yield from _size_objections(shape, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _wording(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size_objections(shape: Shape, value: Any, path: str) -> Iterator[str]:
    smallest, largest = shape.metadata.get("min"), shape.metadata.get("max")
    if smallest is not None and len(value) < smallest:
        yield _wording(value, path, f"Member must have length greater than or equal to {smallest}")
    if largest is not None and len(value) > largest:
        yield _wording(value, path, f"Member must have length less than or equal to {largest}")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        # A few patterns of the service use Java's character classes, which Python cannot read.
        return True


def _wording(value: object, path: str, constraint: str) -> str:
    return f"Value '{value!s:.80}' at '{path}' failed to satisfy constraint: {constraint}"


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
