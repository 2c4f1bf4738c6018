"""CloudFormation's limits on one template, held against the file that would be uploaded."""

from collections.abc import Iterator
from typing import Final

from mlops_constructs.validation.rule import Fault, Rule, rule
from mlops_constructs.validation.template import Template

# "1 MB": the smaller of the two numbers that this may mean.
TEMPLATE_BYTES: Final = 1_000_000
_ENTRIES: Final = {"Resources": 500, "Outputs": 200, "Parameters": 200, "Mappings": 200}


@rule(
    "ML098",
    why="CloudFormation refuses the template, after everything before it was deployed",
    remedy="move models into a second repository with a project name of its own",
)
def templates_hold_their_entries(template: Template) -> Iterator[Fault]:
    """A template holds 500 resources, and 200 outputs, parameters and mappings, at most."""
    for section, limit in _ENTRIES.items():
        count = len(template.get(section, {}))
        if count > limit:
            detail = f"{count} {section.lower()}, allowed: {limit}"
            yield Fault(logical_id=next(iter(template[section])), where=section, detail=detail)


template_fits: Final = Rule(
    id="ML099",
    title="A template fits into CloudFormation's limit.",
    why=templates_hold_their_entries.why,
    remedy=templates_hold_their_entries.remedy,
    # Judged by `oversize`, from the file that is uploaded.
    check=lambda _: (),
)


def oversize(content: bytes) -> str | None:
    """What is wrong with the size of a template's file; None where it fits."""
    if len(content) <= TEMPLATE_BYTES:
        return None
    return f"the template has {len(content):,} bytes, allowed: {TEMPLATE_BYTES:,}"


RULES: Final = (templates_hold_their_entries,)
