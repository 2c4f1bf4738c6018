"""A condition compares what can be compared, as far as types are known before an execution."""

from typing import Any

import pytest

from mlops.pipeline.condition_check import condition_findings

OUTPUTS = [
    {"OutputName": "Text", "OutputType": "String"},
    {"OutputName": "Count", "OutputType": "Integer"},
    {"OutputName": "Share", "OutputType": "Float"},
    {"OutputName": "Flag", "OutputType": "Boolean"},
]
TEXT, COUNT, SHARE, FLAG = (
    {"Get": f"Steps.Ask.OutputParameters['{output['OutputName']}']"} for output in OUTPUTS
)
FILE = {"Get": "Steps.Job.PropertyFiles.File"}
READ = {"Std:JsonGet": {"PropertyFile": FILE, "Path": "a"}}
JOINED = {"Std:Join": {"On": "", "Values": ["a", COUNT]}}
STARTED = {"Get": "Execution.StartDateTime"}
STATUS = {"Get": "Steps.Job.ProcessingJobStatus"}
MACHINES = {"Get": "Steps.Job.ProcessingResources.ClusterConfig.InstanceCount"}
ENDED = {"Get": "Steps.Job.ProcessingEndTime"}


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def found(*conditions: dict[str, Any]) -> list[str]:
    definition = {
        "Parameters": [
            {"Name": "Size", "Type": "Integer"},
            {"Name": "Title", "Type": "String"},
            {"Name": "Rate", "Type": "Float"},
            {"Name": "On", "Type": "Boolean"},
        ],
        "Steps": [
            {"Name": "Ask", "Type": "Lambda", "Arguments": {}, "OutputParameters": OUTPUTS},
            {"Name": "Job", "Type": "Processing", "Arguments": {}},
            {"Name": "Choose", "Type": "Condition", "Arguments": {"Conditions": [*conditions]}},
        ],
    }
    return [str(finding) for finding in condition_findings(definition)]


def parameter(name: str) -> dict[str, str]:
    return {"Get": f"Parameters.{name}"}


@pytest.mark.parametrize(
    "condition",
    [
        compare("Equals", "a", TEXT),
        compare("Equals", FLAG, True),
        compare("GreaterThan", COUNT, 0.5),
        compare("LessThan", SHARE, parameter("Size")),
        compare("LessThanOrEqualTo", parameter("Rate"), MACHINES),
        compare("GreaterThan", STARTED, "2020-12-01"),
        compare("GreaterThan", ENDED, "2020-12-01"),
        compare("Equals", STATUS, "Completed"),
        compare("Equals", JOINED, parameter("Title")),
        compare("GreaterThan", READ, 1),
        compare("GreaterThan", READ, "a"),
        {"Type": "In", "QueryValue": TEXT, "Values": ["a", parameter("Title")]},
    ],
)
def test_what_can_be_compared_has_no_findings(condition: dict[str, Any]) -> None:
    assert found(condition) == []


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        (compare("Equals", TEXT, 0), "Equals compares a text with a number"),
        (compare("Equals", COUNT, "0"), "Equals compares a number with a text"),
        (compare("GreaterThan", JOINED, 1), "GreaterThan compares a text with a number"),
        (compare("LessThan", STARTED, 5), "LessThan compares a text with a number"),
        (compare("LessThan", STATUS, 5), "LessThan compares a text with a number"),
        (compare("LessThan", MACHINES, "5"), "LessThan compares a number with a text"),
        (compare("Equals", parameter("On"), 1), "Equals compares a truth value with a number"),
        (compare("GreaterThan", FLAG, READ), "GreaterThan puts truth values in an order"),
        (
            {"Type": "In", "QueryValue": TEXT, "Values": ["a", 1]},
            "In compares a text with a number",
        ),
    ],
)
def test_what_cannot_be_compared_is_found_however_deep(
    condition: dict[str, Any], problem: str
) -> None:
    negated = {"Type": "Not", "Condition": condition}
    either = {"Type": "Or", "Conditions": [compare("Equals", 1, 1), negated]}

    assert found(condition) == [f"Choose.Conditions[0]: {problem}"]
    assert found(either) == [f"Choose.Conditions[0].Conditions[1].Condition: {problem}"]
