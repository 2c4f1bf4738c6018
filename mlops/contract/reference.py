"""Writes the reference of the contract's files, key by key, from the specs themselves."""

import json
from collections.abc import Iterator
from typing import Any, Final

from mlops.contract.json_schema import json_schemas

Schema = dict[str, Any]

_INTRODUCTION: Final = """# The contract's files, key by key

Written by `mlops generate` from the specs; change those. A key without a default is required.
Rules that join several keys are checked by `mlops validate`, which says what to do.
"""
_LIMITS: Final = {
    "minimum": ">= {}",
    "exclusiveMinimum": "> {}",
    "maximum": "<= {}",
    "exclusiveMaximum": "< {}",
    "minLength": "{} or more characters",
    "maxLength": "at most {} characters",
    "minItems": "{} or more entries",
    "maxItems": "at most {} entries",
    "minProperties": "{} or more keys",
    "maxProperties": "at most {} keys",
    "pattern": "`{}`",
}
_LONG_LIST: Final = 30


def reference() -> str:
    """The whole reference, as Markdown."""
    schemas = json_schemas()
    order = ("model.schema.json", "stages.schema.json", "releases.schema.json")
    return "\n".join([_INTRODUCTION, *(_file(schemas[name]) for name in order)])


def _file(schema: Schema) -> str:
    head = [
        f"## `{schema['title']}`\n",
        "| key | type | default | allowed | meaning |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *_rows(schema, schema.get("$defs", {}), "")]) + "\n"


def _rows(block: Schema, definitions: Schema, prefix: str) -> Iterator[str]:
    for name, given in block.get("properties", {}).items():
        key = f"{prefix}{name}"
        value = _resolved(given, definitions)
        yield _row(key, value, required=name in block.get("required", ()))
        yield from _below(value, definitions, key)


def _below(value: Schema, definitions: Schema, key: str) -> Iterator[str]:
    """The rows of whatever a value contains: a block, a list's entries, a free mapping's values."""
    if "properties" in value:
        yield from _rows(value, definitions, f"{key}.")
    if "items" in value:
        yield from _rows(_resolved(value["items"], definitions), definitions, f"{key}[].")
    if isinstance(value.get("additionalProperties"), dict):
        inner = _resolved(value["additionalProperties"], definitions)
        yield from _below(inner, definitions, f"{key}.<name>")


def _resolved(value: Schema, definitions: Schema) -> Schema:
    """A value with its reference followed, and without the null that stands for an absent key."""
    forms = [form for form in value.get("anyOf", []) if form.get("type") != "null"]
    if len(forms) == 1:
        outer = {key: part for key, part in value.items() if key != "anyOf"}
        return _resolved({**forms[0], **outer}, definitions)
    if "$ref" in value:
        target = definitions[value["$ref"].rpartition("/")[2]]
        outer = {key: part for key, part in value.items() if key != "$ref"}
        return _resolved({**target, **outer}, definitions)
    return value


def _row(key: str, value: Schema, *, required: bool) -> str:
    default = "required" if required else _default(value)
    cells = (f"`{key}`", _type(value), default, _allowed(value), value.get("description", ""))
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _default(value: Schema) -> str:
    if "properties" in value:
        return "see below"
    if value.get("default") is None:
        return ""
    return f"`{json.dumps(value['default'])}`"


def _type(value: Schema) -> str:
    if "properties" in value:
        return "block"
    names: dict[str, str] = {"object": "mapping", "array": "list"}
    return names.get(value["type"], str(value["type"]))


def _allowed(value: Schema) -> str:
    if "enum" in value:
        return _listed(value["enum"])
    limits = [form.format(_bare(value[name])) for name, form in _LIMITS.items() if name in value]
    if "propertyNames" in value:
        limits.append(f"keys like `{_bare(value['propertyNames']['pattern'])}`")
    return ", ".join(limits)


def _bare(limit: object) -> str:
    """A limit as people read it; a pattern always concerns the whole text."""
    return str(limit).removeprefix("^(?:").removesuffix(")$")


def _listed(values: list[object]) -> str:
    if len(values) > _LONG_LIST:
        return f"one of {len(values)}; `mlops validate` suggests, the editor completes"
    return ", ".join(f"`{value}`" for value in values)
