"""Everything that a service's model forbids about a request, as the services word it.

botocore checks members, types and minima before it sends; enums, patterns and maxima only the
service checks. A stand-in that left any of them out would take what AWS refuses.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from mlops.aws_api.patterns import matches

_NUMBERS: Final = ("integer", "long", "float", "double")
_WHOLE: Final = ("integer", "long")


def objections(shape: Shape | None, value: Any, path: str = "") -> Iterator[str]:
    """What is wrong with a value of a shape; nothing where the service would accept it.

    Args:
        shape: of the value, by the service's model; None where an operation takes nothing.
        value: as boto3 is given it, or as it travels in JSON.
        path: of the value within the request.
    """
    if shape is None or getattr(shape, "is_document_type", False):
        return
    expected = _expected(shape)
    if not expected(value):
        yield _wording(value, path, f"Member must be a {shape.type_name}")
    elif isinstance(shape, StructureShape):
        yield from _structure_objections(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size_objections(shape, value, path)
        for index, item in enumerate(value, 1):
            yield from objections(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        yield from _size_objections(shape, value, path)
        for key, item in value.items():
            yield from objections(shape.key, key, path)
            yield from objections(shape.value, item, f"{path}.{key}")
    else:
        yield from _scalar_objections(shape, value, path)


def limit_objections(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """What is wrong with a value of the right type, whatever lies within it left out."""
    if isinstance(shape, ListShape | MapShape):
        yield from _size_objections(shape, value, path)
    elif not isinstance(shape, StructureShape):
        yield from _scalar_objections(shape, value, path)


def _structure_objections(
    shape: StructureShape, value: Mapping[str, Any], path: str
) -> Iterator[str]:
    for name in shape.required_members:
        # botocore fills a token in where the caller gave none.
        if name not in value and not shape.members[name].metadata.get("idempotencyToken"):
            yield _wording(None, _place(path, name), "Member must not be null")
    if shape.is_tagged_union and len(value) != 1:
        yield _wording(sorted(value), path, "exactly one member must be set")
    for name, member in value.items():
        if name in shape.members:
            yield from objections(shape.members[name], member, _place(path, name))
        elif name != "ResponseMetadata":
            yield _wording(member, _place(path, name), f"{shape.name} has no such member")


def _scalar_objections(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StringShape):
        yield from _string_objections(shape, value, path)
    elif shape.type_name in _NUMBERS:
        yield from _range_objections(shape, value, path)
    elif shape.type_name == "blob" and not hasattr(value, "read"):
        yield from _size_objections(shape, value, path)


def _string_objections(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield _wording(value, path, f"Member must satisfy enum value set: [{allowed}]")
    yield from _size_objections(shape, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not matches(pattern, value):
        yield _wording(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size_objections(shape: Shape, value: Any, path: str) -> Iterator[str]:
    smallest, largest = shape.metadata.get("min"), shape.metadata.get("max")
    if smallest is not None and len(value) < smallest:
        yield _wording(value, path, f"Member must have length greater than or equal to {smallest}")
    if largest is not None and len(value) > largest:
        yield _wording(value, path, f"Member must have length less than or equal to {largest}")


def _range_objections(shape: Shape, value: float, path: str) -> Iterator[str]:
    smallest, largest = shape.metadata.get("min"), shape.metadata.get("max")
    if smallest is not None and not value >= smallest:
        yield _wording(value, path, f"Member must have value greater than or equal to {smallest}")
    if largest is not None and not value <= largest:
        yield _wording(value, path, f"Member must have value less than or equal to {largest}")


def _expected(shape: Shape) -> Callable[[Any], bool]:
    kinds: dict[str, Callable[[Any], bool]] = {
        "structure": lambda value: isinstance(value, Mapping),
        "map": lambda value: isinstance(value, Mapping),
        "list": lambda value: isinstance(value, list | tuple),
        "string": lambda value: isinstance(value, str),
        "boolean": lambda value: isinstance(value, bool),
        "blob": lambda value: isinstance(value, bytes | bytearray | str) or hasattr(value, "read"),
        "timestamp": lambda value: isinstance(value, datetime | str) or _is_number(value),
    }
    if shape.type_name in _WHOLE:
        return _is_whole
    return _is_number if shape.type_name in _NUMBERS else kinds[shape.type_name]


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return number and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _place(path: str, name: str) -> str:
    camel = name[:1].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _wording(value: object, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value!s:.80}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
