"""The parameters of an execution: the definition's defaults, and what a person chose instead."""

from collections.abc import Mapping
from typing import Any

from mlops.rehearsal.errors import RehearsalError


class ParameterError(RehearsalError):
    """A parameter that StartPipelineExecution would refuse."""


def resolved(definition: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """The value of every declared parameter, in its declared type.

    Raises:
        ParameterError: a chosen one is not declared or not allowed, or one has no value at all.
    """
    declared = {entry["Name"]: entry for entry in definition.get("Parameters", [])}
    unknown = sorted(set(chosen) - set(declared))
    if unknown:
        raise ParameterError(
            f"{', '.join(unknown)}: the pipeline has no such parameter; "
            f"allowed: {', '.join(sorted(declared))}"
        )
    return {name: _value(name, entry, chosen) for name, entry in declared.items()}


def _value(name: str, entry: Mapping[str, Any], chosen: Mapping[str, str]) -> Any:
    if name in chosen:
        value = _typed(name, entry["Type"], chosen[name])
    elif "DefaultValue" in entry:
        value = entry["DefaultValue"]
    else:
        raise ParameterError(f"{name}: has no default; remedy: give it a value")
    allowed = entry.get("EnumValues")
    if allowed and value not in allowed:
        raise ParameterError(f"{name}: {value!r} is not allowed; allowed: {', '.join(allowed)}")
    return value


def _typed(name: str, kind: str, text: str) -> Any:
    try:
        if kind == "Integer":
            return int(text)
        if kind == "Float":
            return float(text)
        if kind == "Boolean":
            return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError) as error:
        raise ParameterError(f"{name}: {text!r} is not of type {kind}") from error
    return text
