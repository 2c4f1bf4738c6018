"""Whether a document has the form of a pipeline definition; whoever reads one goes by this form.

The forms are those that the SageMaker SDK writes; `definition_schema.json` says them piece by
piece. Steps and conditions are looked at one by one, so that a finding names the step.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator

from mlops.pipeline.expressions import BRANCHES, FUNCTIONS, Finding, own_arguments

DEEPEST: Final = 200
"""Levels of nesting; conditions do not nest, and nothing else needs more than twenty."""
_SCHEMA: Final = Path(__file__).with_name("definition_schema.json")
_SHOWN: Final = 160

Piece = tuple[str, Any]
"""A place in the document, and what stands there."""


def form_findings(definition: object) -> list[Finding]:
    """What keeps a document from being read as a pipeline definition."""
    if _is_deeper(definition, DEEPEST):
        problem = f"is nested more than {DEEPEST} levels deep"
        return [Finding(at="definition", problem=problem)]
    findings = list(_unfit("definition", ("definition", definition)))
    if findings or not isinstance(definition, Mapping):
        return findings
    for at, step in _steps("Steps", definition["Steps"]):
        findings += _unfit("step", (at, step))
        own = {key: inner for key, inner in step.items() if key != "Arguments"}
        arguments = own_arguments(step) if _has_arguments(step) else {}
        for condition in _conditions(f"{at}.Conditions", arguments.get("Conditions")):
            findings += _unfit("condition", condition)
        for name, call in _functions((at, {**own, "Arguments": arguments})):
            findings += _unfit(name, call)
    return findings


def _is_deeper(value: object, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def _steps(at: str, found: object) -> Iterator[Piece]:
    """Every step under its name, those in branches included."""
    for place, step in _objects(at, found):
        name = step.get("Name")
        named = name if isinstance(name, str) else place
        yield named, step
        if step.get("Type") == "Condition" and _has_arguments(step):
            for branch in BRANCHES:
                yield from _steps(f"{named}.{branch}", step["Arguments"].get(branch))


def _has_arguments(step: Mapping[str, Any]) -> bool:
    return "Type" in step and isinstance(step.get("Arguments"), Mapping)


def _conditions(at: str, found: object) -> Iterator[Piece]:
    """Every condition of a list, those within others included."""
    for place, condition in _objects(at, found):
        yield place, condition
        yield from _conditions(f"{place}.Condition", [condition.get("Condition")])
        yield from _conditions(f"{place}.Conditions", condition.get("Conditions"))


def _functions(piece: Piece) -> Iterator[Piece]:
    """What every call of a function is given, by the function's name."""
    at, value = piece
    if isinstance(value, Mapping):
        if len(value) == 1 and (name := next(iter(value))) in FUNCTIONS:
            yield name, (f"{at}.{name}", value[name])
        for key, inner in value.items():
            yield from _functions((f"{at}.{key}", inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _functions((f"{at}[{index}]", inner))


def _objects(at: str, found: object) -> Iterator[Piece]:
    """The objects of a list; what else stands there is a finding about the list."""
    for index, one in enumerate(found if isinstance(found, list) else ()):
        if isinstance(one, Mapping):
            yield f"{at}[{index}]", one


def _unfit(form: str, piece: Piece) -> Iterator[Finding]:
    at, content = piece
    for error in _validator(form).iter_errors(content):
        place = at + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.path)
        yield Finding(at=place.removeprefix("definition."), problem=_shortened(error.message))


def _shortened(message: str) -> str:
    """A message begins with what it is about, which may be long, and ends with what is wrong."""
    if len(message) <= _SHOWN:
        return message
    return f"{message[: _SHOWN // 2]} ... {message[-_SHOWN // 2 :]}"


@cache
def _validator(form: str) -> Draft202012Validator:
    schema = json.loads(_SCHEMA.read_text("utf-8"))
    return Draft202012Validator({**schema, "$ref": f"#/$defs/{form}"})
