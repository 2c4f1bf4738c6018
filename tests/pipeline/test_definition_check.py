"""What SageMaker takes has no findings; what is damaged has some, and never a traceback."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.pipeline.batch_definition import BatchJob, batch_definition
from mlops.pipeline.definition_check import definition_findings

DEFINITIONS = Path(__file__).parent / "definitions"
COMMITTED = Path(__file__).resolve().parents[2] / "model_code" / "bike_demand" / "pipeline.json"
ACCOUNT = "eu-west-1:444444444444"
# Maps whose keys are a person's own, and the arguments of a function.
FREE = ("Environment", "HyperParameters", "CustomerMetadataProperties", "Metadata")
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.just([]), st.just({}), st.just([1]), st.just({"Get": 5}), st.just({"Get": "Steps."}),
    st.just({"Std:Join": {}}), st.just({"Std:JsonGet": {"Path": "a"}}),
)  # fmt: skip
Path_ = tuple[Any, ...]


def batch() -> dict[str, Any]:
    return batch_definition(
        BatchJob(
            find_input_arn=f"arn:aws:lambda:{ACCOUNT}:function:find",
            capture_arn=f"arn:aws:lambda:{ACCOUNT}:function:capture",
            model_name="model-of-version-3",
            key_arn=f"arn:aws:kms:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
            instance_type="ml.m5.large",
            instance_count=2,
            max_payload_mb=4,
            concurrent_requests=2,
            timeout_seconds=600,
        )
    )


RIGHT = {"compiled": json.loads(COMMITTED.read_text())["definition"], "batch": batch()}


def said(definition: object) -> str:
    return "\n".join(map(str, definition_findings(definition)))


def places(value: object, path: Path_ = ()) -> Iterator[Path_]:
    """The path of everything in a document, itself excluded."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


def at(value: Any, path: Path_) -> Any:
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_deployed_has_no_findings(right: dict[str, Any]) -> None:
    assert said(right) == ""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("negated", ""),
        ("compares-dates", ""),
        ("no-else", ""),
        ("no-parameters-key", ""),
        ("negated-under-expression", "Ask.Conditions[0]: 'Condition' is a required property"),
        ("after-a-condition", "Later: waits for the condition Ask; what follows"),
        ("cycle", "Steps: these steps wait for each other: A, B"),
        ("steps-no-list", "Steps: {'A': 1} is not of type 'array'"),
        ("thirty-deep", "Level1: is a condition within the condition Level0"),
    ],
)
def test_each_of_these_has_its_finding_or_none(name: str, told: str) -> None:
    found = said(json.loads((DEFINITIONS / f"{name}.json").read_text()))

    assert told in found if told else not found, found


def test_every_definition_that_is_kept_here_is_tried() -> None:
    tried = test_each_of_these_has_its_finding_or_none.pytestmark[0].args[1]

    assert {name for name, _ in tried} == {path.stem for path in DEFINITIONS.glob("*.json")}


def names_of_the_service(right: dict[str, Any]) -> list[Path_]:
    """The path of every key that SageMaker reads, and no person chose."""
    functions = [
        (*path, "Arguments")
        for path in places(right)
        if isinstance(at(right, path), dict) and at(right, path).get("Type") == "Lambda"
    ]
    return [
        path
        for path in places(right)
        if isinstance(path[-1], str)
        and not any(key in FREE for key in path[:-1])
        and not any(path[: len(inner)] == inner and path != inner for inner in functions)
    ]


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_a_misspelt_key_is_found_wherever_it_stands(right: dict[str, Any]) -> None:
    for path in names_of_the_service(right)[::7]:
        damaged = copy.deepcopy(right)
        holder = at(damaged, path[:-1])
        holder[f"{path[-1]}x"] = holder.pop(path[-1])

        assert said(damaged), path


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
@settings(max_examples=60)
@given(data=st.data())
def test_no_damage_ends_in_a_traceback(right: dict[str, Any], data: st.DataObject) -> None:
    damaged = copy.deepcopy(right)
    for _ in range(data.draw(st.integers(1, 3), label="damages")):
        path = data.draw(st.sampled_from(list(places(damaged)) or [()]), label="where")
        if not path:
            break
        holder = at(damaged, path[:-1])
        if data.draw(st.booleans(), label="removed"):
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(data.draw(JUNK, label="what"))

    definition_findings(damaged)


@settings(max_examples=30)
@given(
    document=st.recursive(
        JUNK,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Steps", "Parameters", "Name", "Type", "Arguments", "Conditions"]),
                inner,
            )
        ),
    )
)
def test_no_document_ends_in_a_traceback(document: object) -> None:
    definition_findings(document)


def test_no_depth_ends_in_a_traceback() -> None:
    deep: Any = {"Type": "Fail"}
    for _ in range(5000):
        deep = {"Not": [deep]}

    assert "more than 200 levels deep" in said({"Steps": [deep]})
