"""Whether the conditions of a definition compare what can be compared.

A comparison of a number with a text fails the step or is never true; which of both, no one has to
find out in an execution.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final, Literal

from mlops.pipeline.expressions import Finding, all_steps, is_function, parameters_of
from mlops.pipeline.reference_check import property_shape
from mlops.pipeline.service_model import answer_shape

Kind = Literal["text", "number", "truth value"]
_OF_TYPE: Final[Mapping[str, Kind]] = {
    "String": "text",
    "Integer": "number",
    "Float": "number",
    "Boolean": "truth value",
}
_OF_SHAPE: Final[Mapping[str, Kind]] = {
    "string": "text",
    "integer": "number",
    "long": "number",
    "float": "number",
    "double": "number",
    "boolean": "truth value",
}


def condition_findings(definition: Mapping[str, Any]) -> list[Finding]:
    """What no condition of a definition can compare; its references are known to lead somewhere."""
    types = _Types(definition)
    findings: list[Finding] = []
    for step in all_steps(definition):
        if step["Type"] == "Condition":
            for index, condition in enumerate(step["Arguments"]["Conditions"]):
                findings += types.findings(condition, f"{step['Name']}.Conditions[{index}]")
    return findings


class _Types:
    """What is known of a value's type before a pipeline runs."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._parameters = {one["Name"]: one["Type"] for one in parameters_of(definition)}
        self._steps = {step["Name"]: step for step in all_steps(definition)}

    def findings(self, condition: Mapping[str, Any], at: str) -> Iterator[Finding]:
        kind = condition["Type"]
        if kind == "Not":
            yield from self.findings(condition["Condition"], f"{at}.Condition")
        elif kind == "Or":
            inner = enumerate(condition["Conditions"])
            yield from chain.from_iterable(
                self.findings(one, f"{at}.Conditions[{index}]") for index, one in inner
            )
        elif kind == "In":
            for value in condition["Values"]:
                yield from self._pair(kind, condition["QueryValue"], value, at)
        else:
            yield from self._pair(kind, condition["LeftValue"], condition["RightValue"], at)

    def _pair(self, condition: str, left: Any, right: Any, at: str) -> Iterator[Finding]:
        first, second = self._kind(left), self._kind(right)
        if first and second and first != second:
            yield Finding(at=at, problem=f"{condition} compares a {first} with a {second}")
        elif condition not in ("Equals", "In") and "truth value" in (first, second):
            yield Finding(at=at, problem=f"{condition} puts truth values in an order")

    def _kind(self, value: Any) -> Kind | None:
        """None where only the execution will know: what stands in a file, or a time."""
        if isinstance(value, bool):
            return "truth value"
        if isinstance(value, int | float):
            return "number"
        if isinstance(value, str) or (is_function(value) and "Std:Join" in value):
            return "text"
        return self._of_reference(value["Get"]) if is_function(value) and "Get" in value else None

    def _of_reference(self, target: str) -> Kind | None:
        root, _, rest = target.partition(".")
        if root == "Parameters":
            return _OF_TYPE.get(self._parameters.get(rest, ""))
        name, _, path = rest.partition(".")
        if root != "Steps" or name not in self._steps:
            return "text" if root == "Execution" else None
        step = self._steps[name]
        for output in step.get("OutputParameters", ()):
            if path == f"OutputParameters['{output['OutputName']}']":
                return _OF_TYPE[output["OutputType"]]
        shape = property_shape(path, answer_shape(step["Type"]))
        return _OF_SHAPE.get(shape.type_name) if shape is not None else None
