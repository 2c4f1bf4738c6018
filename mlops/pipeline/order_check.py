"""Whether the steps of a definition can be put in order, and wait for what a step may wait for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops.pipeline.expressions import Finding, branches, depended_on, own_arguments, references


@dataclass(frozen=True, kw_only=True)
class _Node:
    """A step, the condition that lets it run, and everything that it waits for."""

    name: str
    kind: str
    condition: str | None
    needs: frozenset[str]


def order_findings(definition: Mapping[str, Any]) -> list[Finding]:
    """What of the order of a definition's steps the service would refuse."""
    nodes = {node.name: node for node in _nodes(definition["Steps"], None)}
    kinds = {name: node.kind for name, node in nodes.items()}
    findings: list[Finding] = []
    for node in nodes.values():
        findings += _condition_findings(node, kinds)
        if node.name in node.needs:
            findings.append(Finding(at=node.name, problem="waits for itself"))
    circle = _circle(nodes)
    if circle:
        problem = f"these steps wait for each other: {', '.join(circle)}"
        findings.append(Finding(at="Steps", problem=problem))
    return findings


def _nodes(steps: list[dict[str, Any]], condition: str | None) -> Iterator[_Node]:
    for step in steps:
        targets = (found.target.split(".") for found in references(own_arguments(step), ""))
        read = {target[1] for target in targets if target[0] == "Steps" and len(target) > 1}
        above = {condition} if condition else set()
        needs = frozenset(read | above | set(depended_on(step)))
        yield _Node(name=step["Name"], kind=step["Type"], condition=condition, needs=needs)
        for _, inner in branches(step):
            yield from _nodes(inner, step["Name"])


def _condition_findings(node: _Node, kinds: Mapping[str, str]) -> Iterator[Finding]:
    """Conditions stand alone: SageMaker Developer Guide, "Condition step", Limitations.

    That CreatePipeline refuses to let a step wait for one is told in aws/sagemaker-python-sdk#3565.
    """
    if node.kind == "Condition" and node.condition:
        problem = f"is a condition within the condition {node.condition}; SageMaker nests none"
        yield Finding(at=node.name, problem=problem)
    for name in sorted(node.needs - {node.condition, node.name}):
        if kinds.get(name) == "Condition":
            problem = f"waits for the condition {name}; what follows on one stands in its branches"
            yield Finding(at=node.name, problem=problem)


def _circle(nodes: Mapping[str, _Node]) -> list[str]:
    """The steps that are left when all have gone that wait for nothing, or that none waits for."""
    left = {name: (node.needs & nodes.keys()) - {name} for name, node in nodes.items()}
    while True:
        needed = set().union(*left.values())
        free = [name for name, needs in left.items() if not needs & left.keys()]
        free += [name for name in left if name not in needed]
        if not free:
            return sorted(left)
        for name in set(free):
            del left[name]
