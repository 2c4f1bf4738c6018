"""EventBridge patterns, as far as the synthesized templates use them.

An operator that is not known here ends the rehearsal: guessing would rehearse another rule.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mlops.rehearsal.errors import RehearsalError

Event = Mapping[str, Any]


def matches(pattern: Mapping[str, Any], event: Event) -> bool:
    """Whether a rule with this pattern would take the event.

    Raises:
        RehearsalError: the pattern uses an operator that is not rehearsed.
    """
    return all(_key_matches(key, wanted, event) for key, wanted in pattern.items())


def _key_matches(key: str, wanted: Any, event: Event) -> bool:
    if key == "$or":
        return any(matches(alternative, event) for alternative in wanted)
    if isinstance(wanted, Mapping):
        inner = event.get(key)
        return isinstance(inner, Mapping) and matches(wanted, inner)
    return any(_value_matches(one, key, event) for one in wanted)


def _value_matches(wanted: Any, key: str, event: Event) -> bool:
    """One entry of a pattern's list against a value, or against any element of a list."""
    if isinstance(wanted, Mapping) and "exists" in wanted:
        return bool((key in event) is wanted["exists"])
    if key not in event:
        return False
    found = event[key] if isinstance(event[key], list) else [event[key]]
    if not isinstance(wanted, Mapping):
        return wanted in found
    ((operator, operand),) = wanted.items()
    if operator not in _OPERATORS:
        raise RehearsalError(
            f"the event pattern's operator {operator!r} is not rehearsed; "
            f"allowed: exists, {', '.join(sorted(_OPERATORS))}"
        )
    return any(_OPERATORS[operator](value, operand) for value in found)


def _anything_but(value: Any, operand: Any) -> bool:
    return value not in (operand if isinstance(operand, list) else [operand])


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "anything-but": _anything_but,
    "equals-ignore-case": lambda value, operand: str(value).lower() == str(operand).lower(),
    "prefix": lambda value, operand: isinstance(value, str) and value.startswith(operand),
    "suffix": lambda value, operand: isinstance(value, str) and value.endswith(operand),
}
