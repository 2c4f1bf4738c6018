"""Whether everything that a definition refers to exists: parameters, steps, properties, files."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mlops.pipeline.expressions import Finding, Reference, all_steps, references
from mlops.pipeline.service_model import answer_shape

EXECUTION_VALUES: Final = (
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionId",
    "PipelineName",
    "StartDateTime",
)
_TOKEN: Final = re.compile(r"\.([A-Za-z][A-Za-z0-9]*)|\['([^']+)'\]|\[(\d+)\]")
_NAMED_LISTS: Final = {"Outputs": "OutputName", "ProcessingInputs": "InputName"}


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
    declared = [parameter["Name"] for parameter in definition["Parameters"]]
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
        return f"{path!r} is no path"
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


def _item_problem(list_name: str, token: str, step: Mapping[str, Any]) -> str | None:
    """Items of a list are told apart by number, or by name where a step names them."""
    if token.isdigit():
        return None
    known = {
        "Outputs": [output["OutputName"] for output in _outputs(step)],
        "ProcessingInputs": [
            channel["InputName"] for channel in step["Arguments"].get("ProcessingInputs", [])
        ],
    }
    if list_name not in _NAMED_LISTS:
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
    outputs = [output["OutputName"] for output in _outputs(step)]
    for file in step.get("PropertyFiles", []):
        problem = _unknown("output", [file["OutputName"]], outputs, step)
        if problem:
            yield Finding(at=f"{step['Name']}.PropertyFiles", problem=problem)
    for name in step.get("DependsOn", []):
        if name not in steps:
            yield Finding(at=f"{step['Name']}.DependsOn", problem=f"there is no step {name!r}")


def _outputs(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    config = step.get("Arguments", {}).get("ProcessingOutputConfig", {})
    found: list[dict[str, Any]] = config.get("Outputs", [])
    return found


def _tokens(path: str) -> list[str] | None:
    """`A.B['c'].D` as its parts, or None if it is written in another way."""
    dotted = f".{path}"
    matches = list(_TOKEN.finditer(dotted))
    if "".join(match.group() for match in matches) != dotted:
        return None
    return [next(filter(None, match.groups())) for match in matches]
