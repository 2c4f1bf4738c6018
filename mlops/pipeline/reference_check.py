"""Whether everything that a definition refers to exists: parameters, steps, properties, files."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mlops.pipeline.expressions import (
    Finding,
    Reference,
    all_steps,
    depended_on,
    parameters_of,
    references,
)
from mlops.pipeline.service_model import OTHER_TYPES, answer_shape

EXECUTION_VALUES: Final = (
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionId",
    "PipelineName",
    "ProcessingJobName",
    "StartDateTime",
    "TrainingJobName",
)
_TOKEN: Final = re.compile(r"\.([A-Za-z][A-Za-z0-9]*)|\['([^']+)'\]|\[(\d+)\]")


def reference_findings(definition: Mapping[str, Any]) -> list[Finding]:
    """What a definition refers to although it is not there, or declares and never uses."""
    found = list(references(definition["Steps"], "Steps"))
    steps = {step["Name"]: step for step in all_steps(definition)}
    findings = [*_parameter_findings(definition, found)]
    for reference in found:
        findings += _target_findings(reference, steps)
    for step in steps.values():
        findings += _step_findings(step, steps)
    return findings


def _parameter_findings(definition: Mapping[str, Any], found: list[Reference]) -> Iterator[Finding]:
    declared = [parameter["Name"] for parameter in parameters_of(definition)]
    used = {r.target.partition(".")[2] for r in found if r.target.startswith("Parameters.")}
    for reference in found:
        kind, _, name = reference.target.partition(".")
        if kind == "Parameters" and name not in declared:
            yield Finding(at=reference.at, problem=f"parameter {name!r} is not declared")
    for name in declared:
        if name not in used:
            yield Finding(at=f"Parameters.{name}", problem="is declared and never used")
        if declared.count(name) > 1:
            yield Finding(at=f"Parameters.{name}", problem="is declared more than once")


def _target_findings(
    reference: Reference, steps: Mapping[str, dict[str, Any]]
) -> Iterator[Finding]:
    kind, _, rest = reference.target.partition(".")
    if kind == "Execution" and rest not in EXECUTION_VALUES:
        yield Finding(at=reference.at, problem=f"an execution has no {rest!r}")
    if kind not in ("Execution", "Parameters", "Steps"):
        yield Finding(at=reference.at, problem=f"{reference.target!r} refers to nothing")
    if kind == "Steps":
        name, _, path = rest.partition(".")
        problem = f"there is no step {name!r}"
        if name in steps:
            problem = _path_problem(path, steps[name]) or ""
        if problem:
            yield Finding(at=reference.at, problem=problem)


def _path_problem(path: str, step: Mapping[str, Any]) -> str | None:
    """Why a path leads nowhere in what a step leaves behind, or None."""
    tokens = _tokens(path)
    if tokens is None:
        return f"{path!r} is not a path"
    if step["Type"] in OTHER_TYPES:
        return None
    if tokens[0] == "PropertyFiles":
        known = [file["PropertyFileName"] for file in step.get("PropertyFiles", [])]
        return _unknown("property file", tokens[1:], known, step)
    if tokens[0] == "OutputParameters":
        known = [output["OutputName"] for output in step.get("OutputParameters", [])]
        return _unknown("output parameter", tokens[1:], known, step)
    shape = answer_shape(step["Type"])
    if shape is None:
        return f"step {step['Name']} has no properties"
    return _property_problem(tokens, shape, step)


def _property_problem(tokens: list[str], shape: Shape, step: Mapping[str, Any]) -> str | None:
    above = ""
    for token in tokens:
        if isinstance(shape, StructureShape):
            if token not in shape.members:
                return f"{shape.name} has no member {token!r}"
            shape = shape.members[token]
        elif isinstance(shape, ListShape):
            if problem := _item_problem(above, token, step):
                return problem
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape = shape.value
        else:
            return f"{above} is a {shape.type_name} and has no {token!r}"
        above = token
    return None


def property_shape(path: str, shape: Shape | None) -> Shape | None:
    """What a path leads to in what a step leaves behind, or None where it leads nowhere."""
    for token in _tokens(path) or ():
        if isinstance(shape, StructureShape):
            shape = shape.members.get(token)
        elif isinstance(shape, ListShape):
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape = shape.value
        else:
            return None
    return shape


def _item_problem(list_name: str, token: str, step: Mapping[str, Any]) -> str | None:
    """Items of a list are told apart by number, or by name where a step names them."""
    if token.isdigit():
        return None
    arguments = step["Arguments"]
    known = {
        "Outputs": _outputs(step),
        "ProcessingInputs": _names(arguments.get("ProcessingInputs"), "InputName"),
    }
    if list_name not in known:
        return f"items of {list_name} have no name {token!r}"
    return _unknown(f"item of {list_name}", [token], known[list_name], step)


def _unknown(what: str, tokens: list[str], known: list[str], step: Mapping[str, Any]) -> str | None:
    name = tokens[0] if len(tokens) == 1 else ".".join(tokens)
    if name in known:
        return None
    return f"step {step['Name']} has no {what} {name!r}; it has {', '.join(known) or 'none'}"


def _step_findings(
    step: Mapping[str, Any], steps: Mapping[str, dict[str, Any]]
) -> Iterator[Finding]:
    files = step.get("PropertyFiles", [])
    names = Counter(file["PropertyFileName"] for file in files)
    for name in sorted(name for name, count in names.items() if count > 1):
        said = f"{names[name]} property files are named {name!r}"
        yield Finding(at=f"{step['Name']}.PropertyFiles", problem=said)
    for file in files:
        problem = _unknown("output", [file["OutputName"]], _outputs(step), step)
        if problem:
            yield Finding(at=f"{step['Name']}.PropertyFiles", problem=problem)
    for name in depended_on(step):
        if name not in steps:
            yield Finding(at=f"{step['Name']}.DependsOn", problem=f"there is no step {name!r}")


def _outputs(step: Mapping[str, Any]) -> list[str]:
    config = step["Arguments"].get("ProcessingOutputConfig")
    return _names(config.get("Outputs") if isinstance(config, dict) else None, "OutputName")


def _names(items: object, key: str) -> list[str]:
    """The names in a list of a request; what has another form is told with the request."""
    found = items if isinstance(items, list) else []
    names = (item.get(key) for item in found if isinstance(item, dict))
    return [name for name in names if isinstance(name, str)]


def _tokens(path: str) -> list[str] | None:
    """`A.B['c'].D` as its parts, or None if it is written in another way."""
    dotted = f".{path}"
    matches = list(_TOKEN.finditer(dotted))
    if "".join(match.group() for match in matches) != dotted:
        return None
    return [next(filter(None, match.groups())) for match in matches]
