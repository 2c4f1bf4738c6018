"""The SageMaker SDK's opinion of definitions and of conditions: it is AWS's own, and not ours.

A key that the SDK does not write is one that CreatePipeline need not know.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlops.pipeline import sdk_python
from mlops.pipeline.compiler import run_in_sdk
from mlops.pipeline.contract_check import STEP_TYPES
from mlops.pipeline.definition_check import definition_findings
from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rehearsal.pipeline.expressions import ExpressionError, Scope

pytestmark = pytest.mark.full

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(__file__).with_name("sdk_definitions.py")
Definitions = Mapping[str, Mapping[str, Any]]
Ask = Callable[[str, Any], Any]

ORDERS = ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
NUMBERS = st.integers(-9, 9) | st.floats(-9, 9).map(lambda number: round(number, 1))
TEXTS = st.text("abAB01 ", max_size=3)


@pytest.fixture(scope="session")
def sdk() -> Ask:
    """Has the program do something with JSON in the SDK's environment; returns what it prints."""
    python = sdk_python(ROOT, say=print)

    def ask(what: str, asked: Any) -> Any:
        return json.loads(run_in_sdk(python, str(PROGRAM), what, what=what, text=json.dumps(asked)))

    return ask


@pytest.fixture(scope="session")
def handwritten(definitions: Definitions) -> Definitions:
    """The definitions that no SDK has compiled: they train nothing."""
    return {name: one for name, one in definitions.items() if "Training" not in kinds(one["Steps"])}


def kinds(steps: list[Mapping[str, Any]]) -> set[str]:
    return {step["Type"] for step in steps}


def test_every_definition_written_by_hand_is_the_one_that_the_sdk_compiles(
    sdk: Ask, handwritten: Definitions
) -> None:
    assert {name.rsplit("-", 1)[-1] for name in handwritten} >= {"batch", "drift"}

    assert sdk("rebuild", handwritten) == handwritten


def test_every_type_of_step_that_the_sdk_knows_is_known_here(sdk: Ask) -> None:
    assert sorted(sdk("types", None)) == sorted(STEP_TYPES)


def compared(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def conditions(sides: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    some = st.lists(sides, min_size=1)
    return st.recursive(
        st.builds(compared, st.sampled_from(("Equals", *ORDERS)), sides, sides)
        | st.builds(
            lambda one, all_: {"Type": "In", "QueryValue": one, "Values": all_}, sides, some
        ),
        lambda inner: (
            st.builds(lambda one: {"Type": "Not", "Condition": one}, inner)
            | st.builds(
                lambda any_: {"Type": "Or", "Conditions": any_}, st.lists(inner, min_size=1)
            )
        ),
        max_leaves=4,
    )


def examples(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """The same values every time; the SDK's process is started once for all of them."""
    found: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def test_conditions_hold_here_when_they_hold_in_the_sdks_local_pipelines(
    sdk: Ask, tmp_path: Path
) -> None:
    # An int and a float are not of one type to the SDK's Equals, which fails its step for it.
    asked = examples(conditions(st.integers(-9, 9)) | conditions(TEXTS), 300)
    scope = Scope(parameters={}, execution={}, storage=LocalS3(tmp_path))

    assert [scope.holds(condition) for condition in asked] == sdk("judge", asked)


def test_what_cannot_be_put_in_an_order_is_refused_here_as_there(sdk: Ask, tmp_path: Path) -> None:
    asked = [
        compared(kind, left, right)
        for kind in ORDERS
        for left, right in (("a", 1), (1, "a"), (1.5, "1.5"))
    ]
    scope = Scope(parameters={}, execution={}, storage=LocalS3(tmp_path))
    refused = []
    for condition in asked:
        try:
            scope.holds(condition)
        except ExpressionError:
            refused.append(condition)

    assert refused == asked
    assert sdk("judge", asked) == [None] * len(asked)


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,9}", fullmatch=True)
DEFAULTS = {
    "String": st.text(max_size=5).filter(bool),
    "Integer": st.integers(1, 99),
    "Float": st.floats(0.5, 99),
    "Boolean": st.just(True),
}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """A pipeline of functions, conditions and ends, where each step may read from those before."""
    names = iter(draw(st.lists(NAMES, min_size=14, max_size=14, unique_by=str.lower)))
    parameters = [
        {"Name": next(names), "Type": kind, "DefaultValue": draw(DEFAULTS[kind])}
        for kind in draw(st.lists(st.sampled_from(sorted(DEFAULTS)), max_size=3))
    ]
    known = [{"Get": f"Parameters.{one['Name']}"} for one in parameters]
    known += [{"Get": f"Execution.{name}"} for name in ("PipelineName", "StartDateTime")]
    steps, functions = [], []
    for _ in range(draw(st.integers(1, 4))):
        step = draw(function(next(names), known, functions))
        steps.append(step)
        functions.append(step["Name"])
        for output in step["OutputParameters"]:
            known.append(output_of(step["Name"], output["OutputName"]))
    # What nobody reads is a finding, and none of this test's.
    chosen = {f"p{index}": known[index] for index in range(len(parameters))}
    steps[-1]["Arguments"] |= chosen
    if draw(st.booleans()):
        branch = st.lists(st.sampled_from(["fail", "function"]), max_size=2)
        yes, no = (
            [draw(inner(kind, next(names), known, functions)) for kind in draw(branch)]
            for _ in range(2)
        )
        tests = draw(st.lists(conditions(NUMBERS) | conditions(TEXTS), min_size=1, max_size=3))
        arguments = {"Conditions": tests, "IfSteps": yes, "ElseSteps": no}
        steps.append({"Name": next(names), "Type": "Condition", "Arguments": arguments})
    return {"Parameters": parameters, "Steps": steps}


def output_of(step: str, output: str) -> dict[str, str]:
    return {"Get": f"Steps.{step}.OutputParameters['{output}']"}


@st.composite
def function(draw: st.DrawFn, name: str, known: list[Any], before: list[str]) -> dict[str, Any]:
    joined = st.builds(
        lambda parts: {"Std:Join": {"On": "/", "Values": parts}},
        st.lists(st.sampled_from(known) | TEXTS, max_size=3),
    )
    inputs = st.dictionaries(NAMES, st.sampled_from(known) | TEXTS | NUMBERS | joined, max_size=3)
    outputs = st.dictionaries(NAMES, st.sampled_from(sorted(DEFAULTS)), max_size=2)
    waits = draw(st.lists(st.sampled_from(before), unique=True, max_size=2)) if before else []
    return {
        "Name": name,
        "Type": "Lambda",
        "FunctionArn": "arn:aws:lambda:eu-west-1:444444444444:function:any",
        "Arguments": draw(inputs),
        "OutputParameters": [
            {"OutputName": output, "OutputType": kind} for output, kind in draw(outputs).items()
        ],
        **({"DependsOn": waits} if waits else {}),
    }


@st.composite
def inner(
    draw: st.DrawFn, kind: str, name: str, known: list[Any], before: list[str]
) -> dict[str, Any]:
    if kind == "function":
        return draw(function(name, known, before))
    message = draw(st.sampled_from(known) | TEXTS)
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def test_whatever_the_sdk_compiles_of_a_generated_graph_has_no_findings(sdk: Ask) -> None:
    asked = {str(index): graph for index, graph in enumerate(examples(graphs(), 100))}

    compiled = sdk("rebuild", asked)

    assert len(compiled) == len(asked)
    assert [
        (str(finding), definition)
        for definition in compiled.values()
        for finding in definition_findings(definition)
    ] == []
