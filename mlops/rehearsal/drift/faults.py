"""What goes wrong while a model is watched, and what has to come of it."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops.contract import ModelSpec
from mlops.contract.schema_spec import Field
from mlops.rehearsal.drift.periods import Case
from mlops.rehearsal.errors import RehearsalError

EXPECTATIONS: Final = Path(__file__).with_name("expectations.json")
NONE: Final = "none"
_CUT_SHARE: Final = 2
"""Of so many captured lines one is cut off."""


_TWO: Final = 2
"""Of two values none is rare."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What must be seen in the period with the fault."""

    story: str
    red: tuple[str, ...]
    """Last parts of the names of the alarms that must be red."""
    quiet: tuple[str, ...] = ()
    """And of those that must not."""
    recovers: tuple[str, ...] = ()
    """And of those that must be green again in the period after it."""
    trainings: int | None = None
    """How many trainings it must start; None: the rules decide."""


def expectations() -> dict[str, Expectation]:
    """What must come of each fault; committed, and read before anything runs."""
    content = json.loads(EXPECTATIONS.read_text("utf-8"))
    return {name: _expectation(entry) for name, entry in content.items()}


def _expectation(entry: dict[str, Any]) -> Expectation:
    lists = {key: tuple(entry[key]) for key in ("red", "quiet", "recovers") if key in entry}
    return Expectation(
        story=entry["story"], trainings=entry.get("trainings"), **{"red": (), **lists}
    )


def asked(fault: str, cases: Sequence[Case], spec: ModelSpec) -> Sequence[Case]:
    """The requests as clients send them under a fault."""
    if fault == "unit-change":
        return [_with_other_unit(case, measured(spec)) for case in cases]
    if fault == "rare-category":
        field = categorical(spec)
        value = rarest(field, cases)
        return [
            _changed(case, field.name, value) if number % 3 == 0 else case
            for number, case in enumerate(cases)
        ]
    return cases


def captured(fault: str, lines: Sequence[str]) -> list[str]:
    """The captured lines as a fault leaves them."""
    if fault == "no-capture":
        return []
    if fault == "corrupt-capture":
        return [
            line[: len(line) // 2] if number % _CUT_SHARE == 0 else line
            for number, line in enumerate(lines)
        ]
    return list(lines)


def measured(spec: ModelSpec) -> Field:
    """The field whose unit changes: the first measurement with both bounds that is compared.

    Raises:
        RehearsalError: the contract has none.
    """
    compared = list(_compared(spec))
    numbers = (field for field in compared if field.type == "number")
    integers = (field for field in compared if field.type == "integer")
    for field in (*numbers, *integers):
        if field.min is not None and field.max is not None:
            return field
    raise RehearsalError(
        f"{spec.name}: no input that monitoring compares has a min and a max; "
        "remedy: rehearse another fault"
    )


def categorical(spec: ModelSpec) -> Field:
    """The field in which a category appears that was hardly ever seen.

    Raises:
        RehearsalError: the contract has none.
    """
    for field in _compared(spec):
        if field.type == "string" and len(field.allowed or ()) > _TWO:
            return field
    raise RehearsalError(
        f"{spec.name}: no input that monitoring compares has three allowed values; "
        "remedy: rehearse another fault"
    )


def _compared(spec: ModelSpec) -> Iterator[Field]:
    """The inputs whose distribution a window is judged by."""
    passed_over = {*spec.monitoring.ignored, spec.monitoring.compare_within}
    return (field for field in spec.schema_.input if field.name not in passed_over)


def rarest(field: Field, cases: Sequence[Case]) -> Any:
    """The allowed value that is asked least."""
    asked_values = [case.request[field.name] for case in cases]
    return min(field.allowed or (), key=asked_values.count)


def _with_other_unit(case: Case, field: Field) -> Case:
    """Half the distance from the least value, so that the contract still accepts it."""
    value, least = case.request[field.name], field.min or 0.0
    if value is None:
        return case
    changed = least + (value - least) / 2
    return _changed(case, field.name, int(changed) if field.type == "integer" else changed)


def _changed(case: Case, name: str, value: Any) -> Case:
    return dataclasses.replace(case, request={**case.request, name: value})
