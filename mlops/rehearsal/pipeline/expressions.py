"""The functions and conditions of a pipeline definition, evaluated as SageMaker does."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.storage import LocalS3

_FUNCTIONS: Final = ("Get", "Std:Join", "Std:JsonGet")
_PATH_PART = re.compile(r"\.?([A-Za-z0-9_-]+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# Describe answers hold these lists; a definition addresses their members by name.
_NAME_KEYS: Final = ("OutputName", "InputName", "ChannelName")


class ExpressionError(RehearsalError):
    """A reference to something that is not there, or a condition that cannot be decided."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Everything that an expression may refer to."""

    parameters: Mapping[str, Any]
    execution: Mapping[str, str]
    storage: LocalS3
    steps: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What Describe would return for each step that has ended well."""
    property_files: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(step, property file) -> (output name, path below it)."""

    def value(self, node: Any) -> Any:
        """A value with every function in it evaluated.

        Raises:
            ExpressionError: it refers to something that is not there.
        """
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and (name := next(iter(node))) in _FUNCTIONS:
            return self._function(name, node[name])
        return {key: self.value(item) for key, item in node.items()}

    def holds(self, condition: Mapping[str, Any]) -> bool:
        """Whether a condition of a Condition step is met.

        Raises:
            ExpressionError: its type is unknown, or its sides cannot be compared.
        """
        kind = condition["Type"]
        if kind == "Not":
            return not self.holds(condition["Condition"])
        if kind == "Or":
            return any(self.holds(part) for part in condition["Conditions"])
        if kind == "In":
            query = self.value(condition["QueryValue"])
            return any(_equal(query, self.value(value)) for value in condition["Values"])
        return _compared(
            kind, self.value(condition["LeftValue"]), self.value(condition["RightValue"])
        )

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Get":
            return self._get(argument)
        if name == "Std:Join":
            return str(argument["On"]).join(_text(self.value(item)) for item in argument["Values"])
        return self._json_get(argument)

    def _get(self, path: str) -> Any:
        root, *rest = path_parts(path)
        if root == "Parameters":
            return self._named(self.parameters, rest, path)
        if root == "Execution":
            now = datetime.now(UTC).isoformat(timespec="seconds")
            return self._named({"CurrentDateTime": now, **self.execution}, rest, path)
        if root == "Steps" and rest and rest[0] in self.steps:
            return _walk(self.steps[str(rest[0])], rest[1:], path)
        raise ExpressionError(f"{path}: refers to nothing that is known here")

    @staticmethod
    def _named(values: Mapping[str, Any], rest: list[str | int], path: str) -> Any:
        if len(rest) != 1 or rest[0] not in values:
            raise ExpressionError(f"{path}: allowed: {', '.join(sorted(values))}")
        return values[str(rest[0])]

    def _json_get(self, argument: Mapping[str, Any]) -> Any:
        uri = (
            _text(self.value(argument["S3Uri"]))
            if "S3Uri" in argument
            else self.property_file_uri(argument["PropertyFile"])
        )
        try:
            document = json.loads(self.storage.read_text(uri))
        except (OSError, ValueError) as error:
            raise ExpressionError(f"{uri}: cannot be read as JSON: {error}") from error
        return _walk(document, path_parts(argument["Path"]), f"{uri}: {argument['Path']}")

    def property_file_uri(self, reference: Mapping[str, str]) -> str:
        """Where the JSON of a property file is."""
        parts = [str(part) for part in path_parts(reference["Get"])]
        if len(parts) != 4 or parts[2] != "PropertyFiles":  # noqa: PLR2004  # Steps.X.PropertyFiles.Y
            raise ExpressionError(f"{reference['Get']}: is not a property file")
        step, name = parts[1], parts[3]
        if (step, name) not in self.property_files:
            raise ExpressionError(f"{reference['Get']}: {step} declares no property file {name}")
        output, path = self.property_files[step, name]
        uri = self._get(f"Steps.{step}.ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")
        return f"{str(uri).rstrip('/')}/{path}"


def path_parts(path: str) -> list[str | int]:
    """`a.b['c'][0]` as its parts."""
    parts: list[str | int] = []
    position = 0
    while position < len(path):
        found = _PATH_PART.match(path, position)
        if found is None:
            raise ExpressionError(f"{path}: cannot be read after {path[:position]!r}")
        name, single, double, index = found.groups()
        parts.append(int(index) if index else name or single or double or "")
        position = found.end()
    return parts


def _walk(node: Any, parts: list[str | int], path: str) -> Any:
    for part in parts:
        node = _member(node, part, path)
    return node


def _member(node: Any, part: str | int, path: str) -> Any:
    if isinstance(node, dict) and str(part) in node:
        return node[str(part)]
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    if isinstance(node, list):
        named = (item for item in node for key in _NAME_KEYS if item.get(key) == part)
        found = next(named, None)
        if found is not None:
            return found
    raise ExpressionError(f"{path}: there is no {part!r}")


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _equal(left: Any, right: Any) -> bool:
    """Numbers by value; everything else must have the same type."""
    if _number(left) is not None and _number(right) is not None:
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


Comparable = float | str | datetime

_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}


def _compared(kind: str, left: Any, right: Any) -> bool:
    if kind == "Equals":
        return _equal(left, right)
    if kind not in _ORDERS:
        allowed = ", ".join(["Equals", *_ORDERS, "In", "Not", "Or"])
        raise ExpressionError(f"unknown condition {kind}; allowed: {allowed}")
    first, second = _comparable(left, right)
    if first is None or second is None:
        raise ExpressionError(
            f"{kind} needs two numbers or two texts, found {left!r} and {right!r}"
        )
    return _ORDERS[kind](first, second)


def _comparable(left: Any, right: Any) -> tuple[Comparable | None, Comparable | None]:
    """Two numbers, two moments where both texts say one, or two texts by their characters."""
    if isinstance(left, str) and isinstance(right, str):
        moments = _moment(left), _moment(right)
        return moments if None not in moments else (left, right)
    return _number(left), _number(right)


def _moment(text: str) -> datetime | None:
    """The moment that a text of ISO 8601 says; UTC where it says no offset."""
    if not _DATE.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    """A value as SageMaker writes it into joined text."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | dict | list) else str(value)
