"""Steps that cannot be put in order, and steps that wait for what no step may wait for."""

from typing import Any

import pytest

from mlops.pipeline.order_check import order_findings


def step(name: str, *, reads: str = "", waits: tuple[Any, ...] = ()) -> dict[str, Any]:
    arguments = {"x": [{"Get": f"Steps.{reads}.A"}]} if reads else {}
    return {"Name": name, "Type": "Processing", "Arguments": arguments, "DependsOn": [*waits]}


def fail(name: str) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}


def choice(
    name: str, yes: tuple[Any, ...] = (), no: tuple[Any, ...] = (), *, reads: str = ""
) -> dict[str, Any]:
    side = {"Get": f"Steps.{reads}.OutputParameters['A']"} if reads else 1
    condition = {"Type": "Equals", "LeftValue": side, "RightValue": 1}
    arguments = {"Conditions": [condition], "IfSteps": [*yes], "ElseSteps": [*no]}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


def found(*steps: dict[str, Any]) -> list[str]:
    return [str(finding) for finding in order_findings({"Steps": [*steps]})]


@pytest.mark.parametrize(
    "steps",
    [
        (step("B", reads="A"), step("A")),
        (choice("C", (step("B", waits=("A",)), step("A"))),),
        (choice("C", (step("A"),)), step("After", waits=("A",))),
        (step("A"), step("B", waits=({"Step": "A", "Trigger": "Failed"},))),
        (step("A"), choice("C", (step("B", reads="A"),), reads="A")),
    ],
)
def test_what_can_be_put_in_order_has_no_findings(steps: tuple[dict[str, Any], ...]) -> None:
    assert found(*steps) == []


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((step("A", waits=("A",)),), ["A: waits for itself"]),
        ((step("A", reads="A"),), ["A: waits for itself"]),
        (
            (step("A", waits=("B",)), step("B", reads="A"), step("C"), step("D", waits=("B",))),
            ["Steps: these steps wait for each other: A, B"],
        ),
        (
            (step("A", waits=({"Step": "B", "Trigger": "Any"},)), step("B", waits=("A",))),
            ["Steps: these steps wait for each other: A, B"],
        ),
        (
            (choice("C", (step("A"),), reads="A"),),
            ["Steps: these steps wait for each other: A, C"],
        ),
        (
            (choice("C"), step("A", waits=("C",))),
            ["A: waits for the condition C; what follows on one stands in its branches"],
        ),
        (
            (choice("C", (step("A", waits=("C",)),)),),
            ["A: waits for the condition C; what follows on one stands in its branches"],
        ),
        (
            (choice("C", (step("Yes", waits=("No",)),), (step("No"),)),),
            ["Yes: waits for No, and so for both branches of C; one runs"],
        ),
        (
            (choice("C", (step("Yes", reads="No"),), (step("No"),)),),
            ["Yes: waits for No, and so for both branches of C; one runs"],
        ),
        (
            (
                choice("C", (step("Yes", waits=("Between",)),), (step("No"),)),
                step("Between", reads="No"),
            ),
            ["Yes: waits for Between, and so for both branches of C; one runs"],
        ),
        (
            (
                choice("C", (step("Yes"),), (step("No"),)),
                step("Both", reads="Yes", waits=("No",)),
                step("After", waits=("Both",)),
            ),
            ["Both: waits for No, Yes, and so for both branches of C; one runs"],
        ),
        (
            (
                choice("C", (step("Yes"),), (step("No"),)),
                choice("D", (step("In", reads="Yes"),)),
                step("After", waits=("In", "No")),
            ),
            ["After: waits for In, No, and so for both branches of C; one runs"],
        ),
        (
            (fail("End"), step("A", waits=("End",))),
            ["A: waits for End, which ends the execution, so it never runs"],
        ),
        (
            (choice("C", (choice("D"),)),),
            ["D: is a condition within the condition C; SageMaker nests none"],
        ),
    ],
)
def test_what_cannot_be_put_in_order_is_named(
    steps: tuple[dict[str, Any], ...], told: list[str]
) -> None:
    assert found(*steps) == told
