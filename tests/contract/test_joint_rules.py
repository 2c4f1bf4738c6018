# ruff: noqa: E501  # each case is one row of a table
"""Rules of a block, of a list and of its entries are asked whatever else in there is wrong."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from mlops.contract import ModelSpec, Problem, ReleasesSpec, StagesFile
from mlops.contract.document import Document
from mlops.contract.translation import judged
from mlops.contract.vocabulary import UNIQUE

Changed = Callable[[str, str, str], list[Problem]]
Data = dict[str, Any]

NO_VALUE = [[[]]]
"""Right for no key of any block."""

# What violates each rule of a block; the keys that the rule reads are those that are given, but for
# the required ones beside them.
VIOLATIONS: dict[tuple[str, str], tuple[Data, str]] = {
    ("BatchSpec", "_something_starts_it"): (
        {"on_new_input": False}, "nothing would ever start it"),
    ("DataSpec", "_a_version_id_has_its_object"): (
        {"sample": "data/a.csv", "version": "0" * 64, "version_id": "abc"}, "without the uri"),
    ("LabelsSpec", "_an_interval_has_two_ends"): (
        {"prediction": "count", "low": "least"}, "two ends"),
    ("MonitoringSpec", "_limits_need_labels"): (
        {"limits": [{"metric": "mae", "comparison": "at_most", "threshold": 1.0}]},
        "nothing says what the labels are"),
    ("Source", "_names_what_its_host_knows"): ({"repository": "a/b"}, "does not fit the host"),
    ("CanaryAlarms", "_each_alarm_has_a_name_of_its_own"): (
        {"metrics": [{"name": "latency", "namespace": "A/B", "metric": "C", "threshold": 0.1}]},
        "would be named latency"),
    ("Field", "_numbers_have_bounds"): (
        {"name": "hour", "type": "string", "min": 1.0}, "has no min or max"),
    ("Field", "_bounds_are_ordered"): (
        {"name": "hour", "type": "integer", "min": 2.0, "max": 1.0}, "is above max"),
    ("Field", "_allowed_values_have_the_type"): (
        {"name": "hour", "type": "integer", "allowed": ["a", "b"]}, "the allowed values 'a', 'b' are no"),
    ("SchemaSpec", "_names_of_inputs_are_unique"): (
        {"input": [{"name": "a", "type": "string"}] * 2, "output": [{"name": "b", "type": "string"}]},
        "input names 'a' twice"),
    ("SchemaSpec", "_names_of_outputs_are_unique"): (
        {"input": [{"name": "a", "type": "string"}], "output": [{"name": "b", "type": "string"}] * 2},
        "output names 'b' twice"),
}  # fmt: skip
_TWICE = [{"name": "a", "type": "string"}] * 2
TOGETHER: dict[str, Data] = {
    "Field": {"name": "hour", "type": "boolean", "min": 2.0, "max": 1.0, "allowed": ["a", "b"]},
    "SchemaSpec": {"input": _TWICE, "output": [{"name": "b", "type": "string"}] * 2},
}
ENTRIES: dict[tuple[str, str], str] = {
    ("Network", "subnet_ids"): "subnet-0123abcd",
    ("Network", "security_group_ids"): "sg-0123abcd",
    ("Notifications", "emails"): "a@example.com",
    ("StageSettings", "checks"): "smoke",
}
# Entries in which every value is wrong, to be put before those of a list.
WRONG_ENTRIES = {
    "gates[": ("gates:\n", "gates:\n  - {metric: 5, comparison: up, threshold: x}\n"),
    "problem.groups[": ("groups: [", "groups: [{field: 5, names: 7}, "),
    "schema.input[": ("  input:\n", "  input:\n    - {name: 5, type: x}\n"),
    "monitoring.limits[": ("limits: [", "limits: [{metric: 5}, "),
    "endpoint.canary.alarms.metrics[": ("metrics: [", "metrics: [{name: 5, threshold: x}, "),
}


def _specs() -> dict[str, type[BaseModel]]:
    """Every block of the three files."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [ModelSpec, StagesFile, ReleasesSpec]
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and issubclass(each, BaseModel) and each.__name__ not in found:
            found[each.__name__] = each
            waiting += [field.annotation for field in each.model_fields.values()]
        waiting += get_args(each)
    return found


def _block_rules() -> Iterator[tuple[str, str]]:
    for name, spec in _specs().items():
        for rule in spec.__pydantic_decorators__.model_validators:
            yield name, rule


def _problems(name: str, data: Data) -> dict[str, str]:
    found = judged(Document(file="a.yaml", data=data, lines={}), _specs()[name])
    return {f"{problem.key} {problem.problem}": problem.key for problem in found.problems}


def test_every_rule_of_a_block_and_every_list_without_repetition_is_tried_here() -> None:
    lists = {
        (name, key)
        for name, spec in _specs().items()
        for key, field in spec.model_fields.items()
        if UNIQUE[0] in field.metadata
    }

    assert set(_block_rules()) == set(VIOLATIONS)
    assert lists == set(ENTRIES)


@pytest.mark.parametrize(("name", "rule"), VIOLATIONS)
def test_a_wrong_value_hides_no_rule_of_its_block(name: str, rule: str) -> None:
    data, message = VIOLATIONS[name, rule]
    spec = _specs()[name]
    reads = {
        "BatchSpec": {"schedule"}, "DataSpec": {"uri"}, "LabelsSpec": {"high"},
        "MonitoringSpec": {"labels"}, "Source": {"connection"}, "Field": {"type", "max"},
    }.get(name, set())  # fmt: skip
    free = [key for key in spec.model_fields if key not in reads and key not in data]
    required = {key for key in data if message in str(_problems(name, {**data, key: NO_VALUE}))}

    for key in {*free, *required}:
        found = _problems(name, {**data, key: NO_VALUE})
        assert any(message in text for text in found), key
        assert any(place.startswith(key) for place in found.values()), key
    assert free or required


@pytest.mark.parametrize("name", TOGETHER)
def test_the_rules_of_a_block_are_all_asked_at_once(name: str) -> None:
    wanted = [message for (of, _), (_, message) in VIOLATIONS.items() if of == name]

    found = " ".join(_problems(name, TOGETHER[name]))

    assert len(wanted) > 1
    assert [message for message in wanted if message not in found] == []


def test_every_block_with_several_rules_is_tried_with_all_of_them_violated() -> None:
    names = [name for name, _ in VIOLATIONS]

    assert {name for name in names if names.count(name) > 1} == set(TOGETHER)


@pytest.mark.parametrize(("name", "key"), ENTRIES)
def test_a_wrong_entry_hides_no_rule_of_its_list(name: str, key: str) -> None:
    entry = ENTRIES[name, key]

    found = _problems(name, {key: [entry, 5, entry]})

    assert f"{key}[1]" in found.values()
    assert any(place == key and "twice" in text for text, place in found.items())


def _cases() -> list[tuple[str, ...]]:
    path = Path(__file__).with_name("test_guardrails.py")
    spec = importlib.util.spec_from_file_location("guardrail_cases", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [case for case in module.CASES if _list_of(case[4]) and case[0] != "example_problems"]


def _list_of(key: str) -> str | None:
    return next((start for start in WRONG_ENTRIES if key.startswith(start)), None)


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case[0]}: {case[3][:30]}")
def test_a_wrong_entry_hides_nothing_that_is_wrong_with_the_next(
    changed: Changed, case: tuple[str, ...]
) -> None:
    _, file, old, new, key, message = case
    start = _list_of(key)
    assert start is not None
    changed(file, old, new)

    found = changed(file, *WRONG_ENTRIES[start])

    number, bracket, rest = key.removeprefix(start).partition("]")
    moved = f"{start}{int(number) + 1}{bracket}{rest}"
    assert any(one.key == moved and message in one.problem for one in found)
    assert any(one.key.startswith(f"{start}0]") for one in found)


def test_a_wrong_tier_of_a_stage_hides_nothing_that_is_wrong_with_the_next(
    changed: Changed,
) -> None:
    wrong = "{instance_type: 5, min_instances: two, max_instances: 1}\n"
    arm = "large: {instance_type: ml.m6gd.large, min_instances: 4, max_instances: 1}\n"

    changed("stages.yaml", "max_instances: 8", "max_instances: 1")
    found = changed(
        "stages.yaml", "      standard:", f"      small: {wrong}      {arm}      standard:"
    )

    keys = {problem.key for problem in found}
    assert "stages.prod.capacity.standard.max_instances" in keys
    assert "stages.dev.capacity.large.max_instances" in keys
    assert "stages.dev.capacity.large.instance_type" in keys


def test_a_wrong_machine_hides_no_other(changed: Changed) -> None:
    changed("model.yaml", "  steps:\n", "  steps:\n    preprocess: {instance_type: 5}\n")
    changed("model.yaml", "endpoint:\n", "batch: 7\nendpoint:\n  instance_type: ml.c7g.large\n")

    found = changed("model.yaml", "instance_type: ml.m5.large", "instance_type: ml.p3.2xlarge")

    refused = {
        (one.key, word) for one in found for word in ("arm64", "driver") if word in one.problem
    }
    assert refused == {
        ("pipeline.steps.train.instance_type", "driver"),
        ("endpoint.instance_type", "arm64"),
    }


def test_a_wrong_name_of_a_monitored_field_hides_no_other(changed: Changed) -> None:
    found = changed(
        "model.yaml",
        "endpoint:\n",
        "monitoring: {ignored: [5], compare_within: ghost, labels: {prediction: 5, high: ghost, low: ghost}}\n"
        "endpoint:\n",
    )

    ghosts = [problem.key for problem in found if "no such field" in problem.problem]
    assert sorted(ghosts) == [
        f"monitoring.{key}" for key in ("compare_within", "labels.high", "labels.low")
    ]
