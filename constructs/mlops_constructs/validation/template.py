"""Reading a template: resources by type, and values that only the deployment will know."""

from collections.abc import Iterator, Mapping
from typing import Any

Template = Mapping[str, Any]
Properties = Mapping[str, Any]


def resources(template: Template, *types: str) -> Iterator[tuple[str, Properties]]:
    """Logical id and properties of every resource of these types."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource.get("Type") in types:
            yield logical_id, resource.get("Properties", {})


def items(value: Any) -> list[Any]:
    """A value that CloudFormation lets one write alone or as a list, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """The string a value becomes, with `${Id}` and `${Id.Attribute}` where only AWS knows.

    Two values that refer to the same thing have the same text.
    """
    if isinstance(value, Mapping) and len(value) == 1:
        return _function_text(*next(iter(value.items())))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _function_text(name: str, argument: Any) -> str:
    if name == "Ref":
        return f"${{{argument}}}"
    if name == "Fn::GetAtt":
        path = argument if isinstance(argument, str) else ".".join(map(text, argument))
        return f"${{{path}}}"
    if name == "Fn::Join":
        separator, parts = argument
        return str(separator).join(map(text, parts))
    if name == "Fn::Sub":
        return argument if isinstance(argument, str) else str(argument[0])
    return f"${{{name}}}"


def is_literal(value: Any) -> bool:
    """Whether the value is written out, so that it can be judged before it is deployed."""
    return isinstance(value, str | int | float)


def is_true(value: Any) -> bool:
    """Whether CloudFormation reads the value as true."""
    return value is True or value == "true"


def number(value: Any) -> float | None:
    """The number that is written, also as a string; None when only AWS knows it."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
