import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rehearsal.pipeline.expressions import ExpressionError, Scope, path_parts

REPORT = {"metrics": {"r2": {"value": 0.9}}, "list": [{"a b": 1}, 2], "text": "t"}
OUTPUTS = [{"OutputName": "report", "S3Output": {"S3Uri": "s3://bucket/e/report"}}]
STARTED = {"Get": "Execution.StartDateTime"}
NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    storage = LocalS3(tmp_path / "s3")
    file = tmp_path / "r.json"
    file.write_text(json.dumps(REPORT))
    storage.put(file, "s3://bucket/e/report/r.json")
    return Scope(
        parameters={"Name": "n", "Count": 3, "Ratio": 0.5, "Flag": True},
        execution={"PipelineExecutionId": "id1", "StartDateTime": "2026-03-01T12:00:00+00:00"},
        storage=storage,
        steps={
            "Evaluate": {"ProcessingOutputConfig": {"Outputs": OUTPUTS}},
            "Train": {"ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/m.tar.gz"}},
            "Find": {"OutputParameters": {"Version": "4"}},
        },
        property_files={("Evaluate", "Report"): ("report", "r.json")},
    )


def json_get(path: str) -> dict[str, Any]:
    file = {"Get": "Steps.Evaluate.PropertyFiles.Report"}
    return {"Std:JsonGet": {"PropertyFile": file, "Path": path}}


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Get": "Parameters.Count"}, 3),
        ({"Get": "Execution.PipelineExecutionId"}, "id1"),
        ({"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}, "s3://bucket/m.tar.gz"),
        (
            {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"},
            "s3://bucket/e/report",
        ),
        (
            {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs[0].OutputName"},
            "report",
        ),
        ({"Get": "Steps.Find.OutputParameters['Version']"}, "4"),
        ({"Std:Join": {"On": "-", "Values": ["a", {"Get": "Parameters.Count"}]}}, "a-3"),
        ({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Ratio"}]}}, "0.5"),
        ({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Flag"}]}}, "true"),
        ({"deep": [{"x": {"Get": "Parameters.Name"}}]}, {"deep": [{"x": "n"}]}),
        (json_get("metrics.r2.value"), 0.9),
        (json_get("list[0]['a b']"), 1),
        (
            {"Std:JsonGet": {"S3Uri": "s3://bucket/e/report/r.json", "Path": "text"}},
            "t",
        ),
    ],
)
def test_functions_are_evaluated(scope: Scope, expression: Any, expected: Any) -> None:
    assert scope.value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Get": "Parameters.Nome"}, "Parameters.Nome: allowed: Count, Flag, Name, Ratio"),
        ({"Get": "Steps.Nobody.X"}, "refers to nothing that is known"),
        ({"Get": "Steps.Train.ModelArtefacts"}, "there is no 'ModelArtefacts'"),
        ({"Get": "Steps.Train[["}, "cannot be read after"),
        (json_get("metrics.rmse.value"), "there is no 'rmse'"),
        (
            {"Std:JsonGet": {"S3Uri": "s3://bucket/gone.json", "Path": "a"}},
            "there is no object at s3://bucket/gone.json",
        ),
        (
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Other"},
                    "Path": "a",
                }
            },
            "declares no property file Other",
        ),
    ],
)
def test_a_reference_to_nothing_names_what_is_missing(
    scope: Scope, expression: Any, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        scope.value(expression)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (compare("Equals", 1, 1.0), True),
        (compare("Equals", "1", 1), False),
        (compare("Equals", True, 1), False),
        (compare("Equals", "a", "a"), True),
        (compare("GreaterThan", 2, 1), True),
        (compare("GreaterThan", 1, 1), False),
        (compare("GreaterThanOrEqualTo", 1, 1), True),
        (compare("GreaterThanOrEqualTo", 0.999, 1), False),
        (compare("LessThan", 1, 1), False),
        (compare("LessThan", 0, 1), True),
        (compare("LessThanOrEqualTo", 1, 1), True),
        (compare("LessThanOrEqualTo", 2, 1), False),
        (compare("GreaterThanOrEqualTo", json_get("metrics.r2.value"), 0.9), True),
        (compare("GreaterThan", "b", "a"), True),
        (compare("LessThan", "B", "a"), True),
        (compare("LessThanOrEqualTo", "10", "9"), True),
        (compare("GreaterThan", json_get("text"), {"Get": "Parameters.Name"}), True),
        (compare("GreaterThan", STARTED, "2020-12-01"), True),
        (compare("LessThan", STARTED, "2026-03-01T12:30:00+01:00"), False),
        (compare("GreaterThan", STARTED, "2026-03-01T12:30:00+01:00"), True),
        (compare("LessThan", STARTED, "2026-03-01T12:00:01Z"), True),
        (compare("GreaterThan", {"Get": "Execution.CurrentDateTime"}, STARTED), True),
        ({"Type": "Not", "Condition": compare("Equals", 1, 1)}, False),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 1, 1)]}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2)]}, False),
        ({"Type": "In", "QueryValue": {"Get": "Parameters.Name"}, "Values": ["m", "n"]}, True),
        ({"Type": "In", "QueryValue": "x", "Values": ["m", "n"]}, False),
    ],
)
def test_conditions_decide_as_sagemaker_does(
    scope: Scope, condition: dict[str, Any], expected: bool
) -> None:
    assert scope.holds(condition) is expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (compare("AtLeast", 1, 1), "unknown condition AtLeast; allowed: Equals, GreaterThan"),
        (
            compare("GreaterThan", "1", 1),
            "GreaterThan needs two numbers or two texts, found '1' and 1",
        ),
        (compare("LessThan", True, 1), "needs two numbers"),
    ],
)
def test_an_undecidable_condition_is_an_error_and_no_pass(
    scope: Scope, condition: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExpressionError, match=message):
        scope.holds(condition)


@settings(max_examples=60)
@given(left=NUMBERS, right=NUMBERS)
def test_the_orders_are_consistent(left: float, right: float) -> None:
    scope = Scope(parameters={}, execution={}, storage=LocalS3(Path("nowhere")))

    less, equal, greater = (
        scope.holds(compare(kind, left, right)) for kind in ("LessThan", "Equals", "GreaterThan")
    )
    at_least = scope.holds(compare("GreaterThanOrEqualTo", left, right))
    at_most = scope.holds(compare("LessThanOrEqualTo", left, right))

    assert [less, equal, greater].count(True) == 1
    assert at_least is (greater or equal)
    assert at_most is (less or equal)
    negated = {"Type": "Not", "Condition": compare("LessThan", left, right)}
    assert scope.holds(negated) is at_least


@settings(max_examples=60)
@given(parts=st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True), min_size=1))
def test_dotted_and_quoted_paths_mean_the_same(parts: list[str]) -> None:
    quoted = parts[0] + "".join(f"['{part}']" for part in parts[1:])

    assert path_parts(".".join(parts)) == path_parts(quoted) == parts
