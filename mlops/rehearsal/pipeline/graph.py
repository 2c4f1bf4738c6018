"""In which order steps run: references, DependsOn and branches; in parallel where they allow it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

from mlops.pipeline.expressions import branches, depended_on, own_arguments
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.pipeline.expressions import path_parts
from mlops.rehearsal.pipeline.results import StepResult

RUN: Final = (
    "Processing",
    "Training",
    "Transform",
    "Lambda",
    "Condition",
    "RegisterModel",
    "Fail",
)
"""The types of step that a rehearsal executes."""


class GraphError(RehearsalError):
    """A definition whose steps cannot be put in order."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A step and what must have ended well before it starts."""

    name: str
    kind: str
    step: Mapping[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None = None
    """The condition step it hangs on, and the outcome that lets it run."""


def nodes_of(definition: Mapping[str, Any]) -> dict[str, Node]:
    """Every step of a definition, those within branches included, in the definition's order.

    Raises:
        GraphError: a name occurs twice, a step needs an unknown one, they need each other, or a
            rehearsal does not run what one of them asks for.
    """
    nodes: dict[str, Node] = {}
    for node in _nodes(definition["Steps"], None):
        if node.name in nodes:
            raise GraphError(f"two steps are named {node.name}")
        _refuse_what_does_not_run(node)
        nodes[node.name] = node
    for node in nodes.values():
        for needed in sorted(node.needs - nodes.keys()):
            raise GraphError(f"{node.name} needs the step {needed}, which does not exist")
    _refuse_cycles(nodes)
    return nodes


def leading_to(nodes: Mapping[str, Node], name: str) -> dict[str, Node]:
    """A step and all that must have ended before it, in the definition's order."""
    wanted, waiting = set[str](), [name]
    while waiting:
        step = waiting.pop()
        if step not in wanted:
            wanted.add(step)
            waiting += nodes[step].needs
    return {step: node for step, node in nodes.items() if step in wanted}


def decide(
    nodes: Mapping[str, Node], results: Mapping[str, StepResult]
) -> tuple[list[Node], list[Node]]:
    """Of the steps without a result, those that may start and those that never will."""
    startable: list[Node] = []
    never: list[Node] = []
    halted = any(result.kind == "Fail" for result in results.values() if result.failure)
    for node in nodes.values():
        if node.name in results:
            continue
        verdict = False if halted else _may_start(node, results)
        if verdict is not None:
            (startable if verdict else never).append(node)
    return startable, never


def run_graph(
    nodes: Mapping[str, Node],
    execute: Callable[[Node], StepResult],
    *,
    workers: int,
    stop: Callable[[], None],
) -> dict[str, StepResult]:
    """Run every step that may run; the rest is NotExecuted.

    `stop` must end what the steps started; it is called when anything interrupts the run.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="step") as pool:
        try:
            results = _Scheduler(nodes, lambda node: pool.submit(execute, node)).run()
        except BaseException:
            stop()
            pool.shutdown(cancel_futures=True)
            raise
    return {name: results[name] for name in nodes}


def never_ready(
    nodes: Mapping[str, Node], results: Mapping[str, StepResult]
) -> dict[str, frozenset[str]]:
    """The steps that nothing forbade and that nothing started, with what each waits for.

    A step of the branch that was not taken, and all after a failure, are left out on purpose.
    """
    if any(result.status == "Failed" for result in results.values()):
        return {}
    return {
        node.name: frozenset(name for name in node.needs if not results[name].succeeded)
        for node in nodes.values()
        if results[node.name].status == "NotExecuted" and not _is_passed_over(node, nodes, results)
    }


def failures(nodes: Mapping[str, Node], results: Mapping[str, StepResult]) -> list[str]:
    """Why an execution is not a success: steps that failed, or that waited in vain."""
    failed = [result for result in results.values() if result.status == "Failed"]
    waited = never_ready(nodes, results)
    return [
        *(f"{step.name}: {step.failure}" for step in failed),
        *(
            f"{name}: never ran, for it waits for {', '.join(sorted(missing))}, which did not run"
            for name, missing in waited.items()
        ),
    ]


class _Scheduler:
    """Starts what may start whenever a step has ended."""

    def __init__(
        self, nodes: Mapping[str, Node], submit: Callable[[Node], Future[StepResult]]
    ) -> None:
        self.nodes = nodes
        self.submit = submit
        self.results: dict[str, StepResult] = {}
        self.running: dict[Future[StepResult], str] = {}

    def run(self) -> dict[str, StepResult]:
        while len(self.results) < len(self.nodes):
            self._advance()
            if self.running:
                ended, _ = wait(self.running, return_when=FIRST_COMPLETED)
                for future in ended:
                    self.results[self.running.pop(future)] = future.result()
        return self.results

    def _advance(self) -> None:
        startable, never = decide(self.nodes, self.results)
        busy = set(self.running.values())
        for node in startable:
            if node.name not in busy:
                self.running[self.submit(node)] = node.name
        for node in never:
            if node.name not in busy:
                self.results[node.name] = _not_executed(node)


def references(node: Any) -> Iterator[str]:
    """The names of the steps that a value refers to."""
    if isinstance(node, dict):
        path = node.get("Get")
        if isinstance(path, str) and path.startswith("Steps.") and len(node) == 1:
            yield str(path_parts(path)[1])
        for item in node.values():
            yield from references(item)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def _nodes(steps: Sequence[Mapping[str, Any]], branch: tuple[str, bool] | None) -> Iterator[Node]:
    for step in steps:
        needs = {*references(own_arguments(step)), *depended_on(step)}
        name = step["Name"]
        if branch is not None:
            needs.add(branch[0])
        yield Node(name=name, kind=step["Type"], step=step, needs=frozenset(needs), branch=branch)
        for key, inner in branches(step):
            yield from _nodes(inner, (name, key == "IfSteps"))


def _may_start(node: Node, results: Mapping[str, StepResult]) -> bool | None:
    """None: not decided yet."""
    if any(name in results and not results[name].succeeded for name in node.needs):
        return False
    if not node.needs <= results.keys():
        return None
    if node.branch is None:
        return True
    condition, outcome = node.branch
    return results[condition].properties.get("Outcome") == str(outcome)


def _is_passed_over(
    node: Node, nodes: Mapping[str, Node], results: Mapping[str, StepResult]
) -> bool:
    """Whether a condition that it stands under has decided for the other branch."""
    if node.branch is None:
        return False
    condition, outcome = node.branch
    chosen = results[condition]
    if not chosen.succeeded:
        return _is_passed_over(nodes[condition], nodes, results)
    return chosen.properties.get("Outcome") != str(outcome)


def _not_executed(node: Node) -> StepResult:
    return StepResult(name=node.name, kind=node.kind, status="NotExecuted")


def _refuse_what_does_not_run(node: Node) -> None:
    if node.kind not in RUN:
        raise GraphError(
            f"{node.name} is a {node.kind} step, which a rehearsal does not run; "
            f"it runs {', '.join(RUN)}"
        )
    for entry in node.step.get("DependsOn", ()):
        if not isinstance(entry, str) and entry["Trigger"] != "Completed":
            raise GraphError(
                f"{node.name} waits for {entry['Step']} to end as {entry['Trigger']}, which a "
                "rehearsal does not run; it runs steps after others that have ended well"
            )


def _refuse_cycles(nodes: Mapping[str, Node]) -> None:
    left = dict(nodes)
    while left:
        free = [name for name, node in left.items() if not node.needs & left.keys()]
        if not free:
            raise GraphError(f"these steps need each other: {', '.join(sorted(left))}")
        for name in free:
            del left[name]
