"""Every step's request against SageMaker's own service model, before anything is deployed.

botocore's validator knows members, types and minima; enums, patterns and maxima are walked here.
What is computed when the pipeline runs is replaced by a placeholder of the right type, and the
default of a parameter is checked at every place that uses the parameter.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from mlops.aws_api.patterns import matches
from mlops.pipeline.expressions import Finding, all_steps, is_function, parameters_of
from mlops.pipeline.service_model import JOB_NAMES, OTHER_TYPES, request_shape

STEP_TYPES: Final = (
    "Processing",
    "Training",
    "Transform",
    "Lambda",
    "Callback",
    "Condition",
    "Model",
    "RegisterModel",
    "Fail",
    *OTHER_TYPES,
)
"""Every type of step that the SDK knows."""
STEP_EXCEPTIONS: Final = ("Step.SERVICE_FAULT", "Step.THROTTLING")
JOB_EXCEPTIONS: Final = (
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
"""Only what starts a job can fail with these."""
_WITHOUT_JOB: Final = ("Callback", "Condition", "Fail", "Lambda", "Model", "RegisterModel")
_RETRY_LIMITS: Final = {"MaxAttempts": 20, "ExpireAfterMin": 14_400, "IntervalSeconds": 43_200}
"""SageMaker Developer Guide, "Retry Policy for Pipeline Steps"."""
_STEP_NAME: Final = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_DURATION: Final = re.compile(r"P(?=[\dT])(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?")
_PARAMETER_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "String": ("string",),
    "Integer": ("integer", "long", "float", "double"),
    "Float": ("float", "double"),
    "Boolean": ("boolean",),
}
_PYTHON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


def contract_findings(definition: Mapping[str, Any]) -> list[Finding]:
    """What SageMaker would refuse about the parameters and the steps of a definition."""
    parameters = {found["Name"]: found for found in parameters_of(definition)}
    findings = [*_default_findings(parameters), *_name_findings(definition)]
    for step in all_steps(definition):
        findings += _step_findings(step, parameters)
    return findings


def _default_findings(parameters: Mapping[str, dict[str, Any]]) -> Iterator[Finding]:
    for name, parameter in parameters.items():
        if "DefaultValue" not in parameter:
            continue
        default, at = parameter["DefaultValue"], f"Parameters.{name}"
        type_ = parameter["Type"]
        is_truth_value = isinstance(default, bool)
        if is_truth_value != (type_ == "Boolean") or not isinstance(default, _PYTHON_TYPES[type_]):
            yield Finding(at=at, problem=f"the default {default!r} is not of type {type_}")
        if default not in parameter.get("EnumValues", [default]):
            yield Finding(at=at, problem=f"the default {default!r} is not among its EnumValues")


def _name_findings(definition: Mapping[str, Any]) -> Iterator[Finding]:
    names = Counter(step["Name"] for step in all_steps(definition))
    for name, count in names.items():
        if count > 1:
            yield Finding(at=name, problem=f"{count} steps have this name")
        if not _STEP_NAME.fullmatch(name):
            yield Finding(at=name, problem="a step's name has 1 to 64 letters, digits, - or _")


def _step_findings(
    step: Mapping[str, Any], parameters: Mapping[str, dict[str, Any]]
) -> Iterator[Finding]:
    if step["Type"] not in STEP_TYPES:
        yield Finding(at=step["Name"], problem=f"there is no step type {step['Type']!r}")
    for index, policy in enumerate(step.get("RetryPolicies", [])):
        yield from _retry_findings(policy, step["Type"], f"{step['Name']}.RetryPolicies[{index}]")
    yield from _cache_findings(step)
    shape = request_shape(step["Type"])
    if shape is not None:
        yield from _Request(step, shape, parameters).findings()


def _retry_findings(policy: Mapping[str, Any], step_type: str, at: str) -> Iterator[Finding]:
    if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
        yield Finding(at=at, problem="takes either MaxAttempts or ExpireAfterMin")
    for key, most in _RETRY_LIMITS.items():
        if not 1 <= policy.get(key, 1) <= most:
            yield Finding(at=at, problem=f"{key} is between 1 and {most}")
    for kind in policy["ExceptionType"]:
        if kind not in (*STEP_EXCEPTIONS, *JOB_EXCEPTIONS):
            yield Finding(at=at, problem=f"there is no exception type {kind!r}")
        elif kind in JOB_EXCEPTIONS and step_type in _WITHOUT_JOB:
            yield Finding(at=at, problem=f"a {step_type} step starts no job that ends in {kind}")


def _cache_findings(step: Mapping[str, Any]) -> Iterator[Finding]:
    config, at = step.get("CacheConfig", {}), f"{step['Name']}.CacheConfig"
    expires = config.get("ExpireAfter")
    if config.get("Enabled") and expires is None:
        yield Finding(at=at, problem="is enabled without ExpireAfter")
    if expires is not None and not _DURATION.fullmatch(expires):
        yield Finding(
            at=at, problem=f"ExpireAfter {expires!r} is not an ISO 8601 duration like P30D"
        )


class _Request:
    """One step's Arguments, walked along the shape of the request that they become."""

    def __init__(
        self,
        step: Mapping[str, Any],
        shape: StructureShape,
        parameters: Mapping[str, dict[str, Any]],
    ) -> None:
        self._step = step
        self._shape = shape
        self._parameters = parameters
        self._findings: list[Finding] = []

    def findings(self) -> list[Finding]:
        name = self._step["Name"]
        request = self._concrete(self._step["Arguments"], self._shape, name)
        if job_name := JOB_NAMES.get(self._step["Type"]):
            request = {job_name: "filled-in-by-the-pipeline", **request}
        report = ParamValidator().validate(request, self._shape).generate_report()
        told = [Finding(at=name, problem=line) for line in report.splitlines() if line]
        return self._findings + told

    def _concrete(self, value: Any, shape: Shape, at: str) -> Any:
        """The value with placeholders for what is computed at run time; notes what is wrong."""
        if is_function(value):
            self._check_function(value, shape, at)
            return _placeholder(shape)
        self._findings += _limit_findings(value, shape, at)
        if isinstance(shape, StructureShape) and isinstance(value, dict):
            members = shape.members
            return {
                key: self._concrete(inner, members[key], f"{at}.{key}") if key in members else inner
                for key, inner in value.items()
            }
        if isinstance(shape, ListShape) and isinstance(value, list):
            inner_shape = shape.member
            return [
                self._concrete(inner, inner_shape, f"{at}[{index}]")
                for index, inner in enumerate(value)
            ]
        if isinstance(shape, MapShape) and isinstance(value, dict):
            return {
                self._concrete(key, shape.key, f"{at}.{key}"): self._concrete(
                    inner, shape.value, f"{at}.{key}"
                )
                for key, inner in value.items()
            }
        return value

    def _check_function(self, function: Mapping[str, Any], shape: Shape, at: str) -> None:
        kind, _, name = str(function.get("Get", "")).partition(".")
        parameter = self._parameters.get(name) if kind == "Parameters" else None
        if parameter is not None:
            self._check_parameter(parameter, shape, at)
        elif "Std:Join" in function and shape.type_name != "string":
            self._note(at, f"a joined text where a {shape.type_name} is expected")

    def _check_parameter(self, parameter: Mapping[str, Any], shape: Shape, at: str) -> None:
        name, type_ = parameter["Name"], parameter["Type"]
        if shape.type_name not in _PARAMETER_TYPES.get(type_, ()):
            self._note(at, f"{type_} parameter {name} where a {shape.type_name} is expected")
        for value in parameter.get("EnumValues", [parameter.get("DefaultValue")]):
            if value is not None:
                self._findings += _limit_findings(value, shape, f"{at} (parameter {name})")

    def _note(self, at: str, problem: str) -> None:
        self._findings.append(Finding(at=at, problem=problem))


def _limit_findings(value: Any, shape: Shape, at: str) -> Iterator[Finding]:
    """What botocore's own validator does not look at, and minima of parameter defaults."""
    limits = shape.metadata
    choices = limits.get("enum")
    if choices and value not in choices:
        yield Finding(at=at, problem=f"{value!r} is not one of {_some(choices)}")
    pattern = limits.get("pattern")
    if pattern and isinstance(value, str) and not matches(pattern, value):
        yield Finding(at=at, problem=f"{value!r} does not match {pattern}")
    size = _size(value)
    if size is not None and size > limits.get("max", size):
        yield Finding(at=at, problem=f"{size} is more than {limits['max']}")
    if "(parameter" in at and size is not None and size < limits.get("min", size):
        yield Finding(at=at, problem=f"{size} is less than {limits['min']}")


def _size(value: Any) -> float | None:
    """A number itself, or the length of anything that has one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    return len(value) if isinstance(value, str | list | dict) else None


def _some(choices: list[str]) -> str:
    shown = ", ".join(choices[:5])
    return shown if len(choices) <= len(shown.split(", ")) else f"{shown}, ..."


def _placeholder(shape: Shape) -> Any:
    least = int(shape.metadata.get("min", 1))
    kinds: dict[str, Any] = {
        "string": "x" * max(least, 1),
        "integer": max(least, 1),
        "long": max(least, 1),
        "float": 1.0,
        "double": 1.0,
        "boolean": True,
        "list": [],
        "map": {},
        "structure": {},
    }
    return kinds.get(shape.type_name)
