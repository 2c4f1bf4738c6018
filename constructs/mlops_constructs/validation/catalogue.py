"""All rules, and the one way to run them."""

from collections.abc import Iterator
from typing import Final

from mlops_constructs.validation import (
    alarms,
    endpoints,
    events,
    fresh_alarms,
    iam,
    pipelines,
    references,
    registry,
    releases,
    rollbacks,
    scaling,
    schedules,
    storage,
)
from mlops_constructs.validation.rule import Fault, Rule
from mlops_constructs.validation.template import Template

RULES: Final[tuple[Rule, ...]] = (
    *endpoints.RULES,
    *releases.RULES,
    *alarms.RULES,
    *fresh_alarms.RULES,
    *rollbacks.RULES,
    *scaling.RULES,
    *schedules.RULES,
    *events.RULES,
    *pipelines.RULES,
    *registry.RULES,
    *iam.RULES,
    *storage.RULES,
    *references.RULES,
)


def findings(template: Template) -> Iterator[tuple[Rule, Fault]]:
    """Every breach of every rule in one finished template."""
    for rule in RULES:
        for fault in rule.faults(template):
            yield rule, fault
