"""All rules, and the one way to run them."""

from collections.abc import Iterator
from typing import Final

from mlops_constructs.validation import (
    alarms,
    endpoints,
    events,
    fresh_alarms,
    iam,
    limits,
    pipelines,
    references,
    registry,
    releases,
    retention,
    rollbacks,
    scaling,
    schedules,
    storage,
)
from mlops_constructs.validation.rule import Fault, Rule
from mlops_constructs.validation.template import Template

_ROOMS: Final = (
    endpoints,
    releases,
    alarms,
    fresh_alarms,
    rollbacks,
    scaling,
    schedules,
    events,
    pipelines,
    registry,
    iam,
    storage,
    references,
    retention,
    limits,
)
RULES: Final[tuple[Rule, ...]] = tuple(
    sorted((rule for room in _ROOMS for rule in room.RULES), key=lambda rule: rule.id)
)


def findings(template: Template) -> Iterator[tuple[Rule, Fault]]:
    """Every breach of every rule in one finished template."""
    for rule in RULES:
        for fault in rule.faults(template):
            yield rule, fault
