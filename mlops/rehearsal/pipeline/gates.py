"""The conditions of a Condition step, with both sides as they were compared, for people to read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops.rehearsal.pipeline.expressions import Scope
from mlops.rehearsal.pipeline.results import GateResult

_SIGNS: Final = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}


def gate_results(conditions: list[Mapping[str, Any]], scope: Scope) -> Iterator[GateResult]:
    """Every comparison of a condition step; all must be met.

    Raises:
        ExpressionError: a condition refers to something that is not there.
    """
    for condition in conditions:
        passed = scope.holds(condition)
        sides = _sides(condition)
        if sides is None:
            yield GateResult(
                name=condition["Type"], comparison="", value="", limit="", passed=passed
            )
            continue
        left, right = sides
        yield GateResult(
            name=_name(left),
            comparison=_SIGNS.get(condition["Type"], condition["Type"]),
            value=scope.value(left),
            limit=scope.value(right),
            passed=passed,
        )


def _sides(condition: Mapping[str, Any]) -> tuple[Any, Any] | None:
    if "LeftValue" in condition:
        return condition["LeftValue"], condition["RightValue"]
    if condition["Type"] == "In":
        return condition["QueryValue"], condition["Values"]
    return None


def _name(side: Any) -> str:
    """What a side reads: `metrics.r2.value` is called r2."""
    if isinstance(side, dict) and "Std:JsonGet" in side:
        path = str(side["Std:JsonGet"]["Path"])
        found = re.fullmatch(r"metrics\.(.+)\.value", path)
        return found[1] if found else path.replace(".", " of ", 1)
    return str(side["Get"]) if isinstance(side, dict) and "Get" in side else str(side)
