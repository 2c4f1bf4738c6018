import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.pipeline import graph
from mlops.rehearsal.pipeline.graph import (
    RUN,
    GraphError,
    Node,
    decide,
    failures,
    leading_to,
    never_ready,
    nodes_of,
    run_graph,
)
from mlops.rehearsal.pipeline.results import StepResult
from mlops.rehearsal.pipeline.steps import Steps


def step(name: str, kind: str = "Processing", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": {}, **more}


def reading(name: str, *sources: str) -> dict[str, Any]:
    return step(name, Arguments={"x": [{"Get": f"Steps.{source}.A"} for source in sources]})


def gate(name: str, yes: list[Any], no: list[Any]) -> dict[str, Any]:
    return step(name, "Condition", Arguments={"Conditions": [], "IfSteps": yes, "ElseSteps": no})


def run(
    steps: list[dict[str, Any]], execute: Callable[[Node], StepResult] | None = None
) -> dict[str, str]:
    results = run_graph(
        nodes_of({"Steps": steps}), execute or succeed, workers=2, stop=lambda: None
    )
    return {name: result.status for name, result in results.items()}


def succeed(node: Node) -> StepResult:
    return StepResult(
        name=node.name, kind=node.kind, status="Succeeded", properties={"Outcome": "True"}
    )


def fail_at(*names: str) -> Callable[[Node], StepResult]:
    def execute(node: Node) -> StepResult:
        if node.name in names:
            return StepResult(name=node.name, kind=node.kind, status="Failed", failure="no")
        return succeed(node)

    return execute


def test_a_step_waits_for_what_it_refers_to_and_depends_on() -> None:
    order: list[str] = []

    def execute(node: Node) -> StepResult:
        order.append(node.name)
        return succeed(node)

    run([reading("C", "B"), step("B", DependsOn=["A"]), step("A")], execute)

    assert order == ["A", "B", "C"]


def test_what_leads_to_a_step_is_all_that_must_have_ended_and_nothing_else() -> None:
    nodes = nodes_of(
        {
            "Steps": [
                step("A"),
                reading("B", "A"),
                step("Aside"),
                reading("C", "B"),
                reading("D", "C"),
            ]
        }
    )

    assert list(leading_to(nodes, "C")) == ["A", "B", "C"]


def test_independent_steps_overlap_in_time() -> None:
    together = threading.Barrier(2, timeout=60)

    def execute(node: Node) -> StepResult:
        together.wait()
        return succeed(node)

    assert run([step("A"), step("B")], execute) == {"A": "Succeeded", "B": "Succeeded"}


def test_no_more_steps_run_at_once_than_there_are_workers() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def execute(node: Node) -> StepResult:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return succeed(node)

    run([step(name) for name in "ABCDE"], execute)

    assert most == 2


def test_a_failed_step_stops_its_dependants_only() -> None:
    steps = [step("A"), step("B"), reading("C", "A"), reading("D", "B"), reading("E", "C", "D")]

    assert run(steps, fail_at("A")) == {
        "A": "Failed",
        "B": "Succeeded",
        "C": "NotExecuted",
        "D": "Succeeded",
        "E": "NotExecuted",
    }


def test_only_the_branch_of_the_outcome_runs() -> None:
    steps = [gate("Gate", [step("Yes")], [step("No")]), step("After", DependsOn=["No"])]

    assert run(steps) == {
        "Gate": "Succeeded",
        "Yes": "Succeeded",
        "No": "NotExecuted",
        "After": "NotExecuted",
    }


@pytest.mark.parametrize(
    ("steps", "failing", "expected"),
    [
        ([gate("Gate", [step("Yes")], [step("No")])], (), {}),
        ([gate("Gate", [step("Yes", DependsOn=["No"])], [step("No")])], (), {"Yes": {"No"}}),
        (
            [gate("Gate", [step("Yes")], [step("No")]), reading("A", "No"), reading("B", "A")],
            (),
            {"A": {"No"}, "B": {"A"}},
        ),
        ([gate("Gate", [step("Yes", DependsOn=["No"])], [step("No")])], ("Gate",), {}),
        ([step("A"), reading("B", "A")], ("A",), {}),
        ([gate("Gate", [], [gate("Inner", [step("Yes")], [step("No")])])], (), {}),
    ],
)
def test_a_step_that_nothing_forbade_and_nothing_started_is_found(
    steps: list[dict[str, Any]], failing: tuple[str, ...], expected: dict[str, set[str]]
) -> None:
    nodes = nodes_of({"Steps": steps})
    results = run_graph(nodes, fail_at(*failing), workers=2, stop=lambda: None)

    assert never_ready(nodes, results) == expected


def test_failures_are_steps_that_failed_or_else_those_that_waited_in_vain() -> None:
    nodes = nodes_of({"Steps": [gate("Gate", [], [step("No")]), reading("A", "No")]})

    waited = run_graph(nodes, fail_at(), workers=2, stop=lambda: None)
    failed = run_graph(nodes, fail_at("Gate"), workers=2, stop=lambda: None)

    assert failures(nodes, waited) == ["A: never ran, for it waits for No, which did not run"]
    assert failures(nodes, failed) == [f"Gate: {failed['Gate'].failure}"]


def test_whoever_runs_a_graph_asks_for_its_failures() -> None:
    texts = {path: path.read_text() for path in Path(graph.__file__).parents[1].rglob("*.py")}

    running = {path for path, text in texts.items() if re.search(r"= run_graph\(", text)}
    asking = {path for path, text in texts.items() if re.search(r"[^_]failures\(nodes, ", text)}

    assert running
    assert running <= asking


def test_nothing_new_starts_after_a_fail_step() -> None:
    nodes = nodes_of({"Steps": [step("Stop", "Fail"), step("Other")]})
    stopped = StepResult(name="Stop", kind="Fail", status="Failed", failure="because")

    startable, never = decide(nodes, {"Stop": stopped})

    assert ([node.name for node in startable], [node.name for node in never]) == ([], ["Other"])


def test_steps_of_a_branch_may_use_each_other() -> None:
    steps = [gate("Gate", [reading("B", "A"), step("A")], [])]

    assert run(steps) == {"Gate": "Succeeded", "B": "Succeeded", "A": "Succeeded"}


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([step("A"), step("A")], "two steps are named A"),
        ([reading("A", "Nobody")], "A needs the step Nobody, which does not exist"),
        ([reading("A", "B"), reading("B", "A")], "these steps need each other: A, B"),
        ([step("A", DependsOn=["A"])], "these steps need each other: A"),
        (
            [step("A", "Callback")],
            "A is a Callback step, which a rehearsal does not run; it runs Pro",
        ),
        (
            [step("A", "Model")],
            "A is a Model step, which a rehearsal does not run; it runs Processing",
        ),
        (
            [gate("G", [step("A", "Tuning")], [])],
            "A is a Tuning step, which a rehearsal does not run",
        ),
        (
            [step("A"), step("B", DependsOn=[{"Step": "A", "Trigger": "Failed"}])],
            "B waits for A to end as Failed, which a rehearsal does not run",
        ),
    ],
)
def test_a_definition_that_cannot_be_ordered_is_refused(
    steps: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        nodes_of({"Steps": steps})


def test_every_type_that_is_said_to_run_is_executed() -> None:
    assert set(RUN) == Steps._kinds(Steps.__new__(Steps)).keys()


def test_a_condition_may_leave_a_branch_out() -> None:
    choice = step("Gate", "Condition", Arguments={"Conditions": [], "IfSteps": [step("Yes")]})

    assert run([choice]) == {"Gate": "Succeeded", "Yes": "Succeeded"}


def test_a_step_may_wait_for_another_in_the_words_of_run_conditions() -> None:
    waiting = step("B", DependsOn=[{"Step": "A", "Trigger": "Completed"}])

    assert run([waiting, step("A")], fail_at("A")) == {"B": "NotExecuted", "A": "Failed"}


def test_an_unforeseen_error_stops_what_runs_and_is_not_swallowed() -> None:
    stopped = threading.Event()

    def execute(node: Node) -> StepResult:
        if node.name == "A":
            raise ZeroDivisionError
        assert stopped.wait(timeout=60)
        return succeed(node)

    nodes = nodes_of({"Steps": [step("A"), step("B")]})
    with pytest.raises(ZeroDivisionError):
        run_graph(nodes, execute, workers=2, stop=stopped.set)

    assert stopped.is_set()
