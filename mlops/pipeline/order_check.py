"""Whether the steps of a definition can be put in order, and wait for what a step may wait for."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops.pipeline.expressions import Finding, branches, depended_on, own_arguments, references


@dataclass(frozen=True, kw_only=True)
class _Node:
    """A step, the outcome that lets it run, and the steps that it says or shows it waits for."""

    name: str
    kind: str
    branch: tuple[str, str] | None
    waits: frozenset[str]

    @property
    def condition(self) -> str | None:
        """The condition in one of whose branches it stands."""
        return self.branch[0] if self.branch else None

    @property
    def needs(self) -> frozenset[str]:
        """Everything that ends before it begins."""
        return self.waits | {self.branch[0]} if self.branch else self.waits


def order_findings(definition: Mapping[str, Any]) -> list[Finding]:
    """What of the order of a definition's steps the service would refuse, or could never run."""
    nodes = {node.name: node for node in _nodes(definition["Steps"], None)}
    kinds = {name: node.kind for name, node in nodes.items()}
    findings: list[Finding] = []
    for node in nodes.values():
        findings += _condition_findings(node, kinds)
        findings += _ended_findings(node, kinds)
        if node.name in node.needs:
            findings.append(Finding(at=node.name, problem="waits for itself"))
    findings += _exclusive_findings(nodes)
    circle = _circle(nodes)
    if circle:
        problem = f"these steps wait for each other: {', '.join(circle)}"
        findings.append(Finding(at="Steps", problem=problem))
    return findings


def _nodes(steps: list[dict[str, Any]], branch: tuple[str, str] | None) -> Iterator[_Node]:
    for step in steps:
        targets = (found.target.split(".") for found in references(own_arguments(step), ""))
        read = {target[1] for target in targets if target[0] == "Steps" and len(target) > 1}
        waits = frozenset(read | set(depended_on(step)))
        yield _Node(name=step["Name"], kind=step["Type"], branch=branch, waits=waits)
        for side, inner in branches(step):
            yield from _nodes(inner, (step["Name"], side))


def _condition_findings(node: _Node, kinds: Mapping[str, str]) -> Iterator[Finding]:
    """Conditions stand alone: SageMaker Developer Guide, "Condition step", Limitations.

    That CreatePipeline refuses to let a step wait for one is told in aws/sagemaker-python-sdk#3565.
    """
    if node.kind == "Condition" and node.condition:
        problem = f"is a condition within the condition {node.condition}; SageMaker nests none"
        yield Finding(at=node.name, problem=problem)
    for name in sorted(node.waits - {node.name}):
        if kinds.get(name) == "Condition":
            problem = f"waits for the condition {name}; what follows on one stands in its branches"
            yield Finding(at=node.name, problem=problem)


def _ended_findings(node: _Node, kinds: Mapping[str, str]) -> Iterator[Finding]:
    """A Fail step ends the execution: the SDK gives it no properties, and nothing follows on it."""
    for name in sorted(node.waits - {node.name}):
        if kinds.get(name) == "Fail":
            problem = f"waits for {name}, which ends the execution, so it never runs"
            yield Finding(at=node.name, problem=problem)


def _exclusive_findings(nodes: Mapping[str, _Node]) -> Iterator[Finding]:
    """The steps that need both outcomes of a condition, told where the two meet."""
    outcomes = _outcomes(nodes)
    torn = {name: _both_sides(needed) for name, needed in outcomes.items()}
    for node in nodes.values():
        if torn[node.name] and not any(torn.get(name) for name in node.needs):
            waits = ", ".join(sorted(node.waits))
            for condition in torn[node.name]:
                problem = f"waits for {waits}, and so for both branches of {condition}; one runs"
                yield Finding(at=node.name, problem=problem)


def _outcomes(nodes: Mapping[str, _Node]) -> dict[str, set[tuple[str, str]]]:
    """The branches that must run before, or around, each step."""
    found = {name: {node.branch} if node.branch else set() for name, node in nodes.items()}
    growing = True
    while growing:
        growing = False
        for name, node in nodes.items():
            more = set().union(*(found[needed] for needed in node.needs & nodes.keys()))
            growing = growing or not more <= found[name]
            found[name] |= more
    return found


def _both_sides(needed: set[tuple[str, str]]) -> list[str]:
    times = Counter(condition for condition, _ in needed)
    return sorted(condition for condition, sides in times.items() if sides > 1)


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
