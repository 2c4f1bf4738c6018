"""The batch pipeline's definition is one that SageMaker takes, joins its inputs and encrypts."""

from typing import Any

import pytest

from mlops.pipeline.batch_definition import BatchJob, batch_definition, most_rows
from mlops.pipeline.contract_check import contract_findings
from mlops.pipeline.reference_check import reference_findings

ACCOUNT = "eu-west-1:444444444444"
KEY = f"arn:aws:kms:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
CAPTURE = f"arn:aws:lambda:{ACCOUNT}:function:capture"


def definition(
    *, capture: str | None = CAPTURE, instance_type: str = "ml.m5.large"
) -> dict[str, Any]:
    return batch_definition(
        BatchJob(
            find_input_arn=f"arn:aws:lambda:{ACCOUNT}:function:find",
            capture_arn=capture,
            model_name="model-of-version-3",
            key_arn=KEY,
            instance_type=instance_type,
            instance_count=2,
            max_payload_mb=4,
            concurrent_requests=2,
            timeout_seconds=600,
        )
    )


def branch(made: dict[str, Any]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = made["Steps"][1]["Arguments"]["IfSteps"]
    return steps


def findings(made: dict[str, Any]) -> list[str]:
    return [str(one) for one in (*contract_findings(made), *reference_findings(made))]


@pytest.mark.parametrize("capture", [None, CAPTURE], ids=["not monitored", "monitored"])
def test_sagemaker_takes_it_and_everything_it_refers_to_exists(capture: str | None) -> None:
    assert findings(definition(capture=capture)) == []


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("BatchStrategy", "All", "'All' is not one of"),
        ("MaxPayloadInMB", "4", "MaxPayloadInMB"),
        ("ModelClientConfig", {"InvocationsMaxRetries": 4}, "4 is more than 3"),
        ("TransformResources", {"InstanceType": "ml.m5.large"}, "InstanceCount"),
        ("DataProcessing", {"JoinSource": "Output"}, "'Output' is not one of"),
        ("ModelName", {"Get": "Steps.FindInput.OutputParameters['Model']"}, "'Model'"),
        ("StoppingCondition", {"MaxRuntimeInSeconds": 60}, "StoppingCondition"),
    ],
)
def test_what_the_service_would_refuse_of_a_transform_step_is_found(
    place: str, value: Any, said: str
) -> None:
    made = definition()
    branch(made)[0]["Arguments"][place] = value

    assert any(said in finding for finding in findings(made))


def test_a_property_that_a_transform_job_does_not_have_is_found() -> None:
    made = definition()
    transform, capture = branch(made)
    capture["Arguments"]["OutputUri"] = {"Get": "Steps.Transform.TransformOutput.S3OutputPath"}
    right = findings(made)
    capture["Arguments"]["OutputUri"] = {"Get": "Steps.Transform.TransformOutput.Path"}

    assert right == []
    assert any("'Path'" in finding for finding in findings(made))
    assert transform["Type"] == "Transform"


def test_a_run_without_files_ends_without_a_job() -> None:
    condition = definition()["Steps"][1]["Arguments"]

    (asked,) = condition["Conditions"]
    assert asked["Condition"]["RightValue"] == "0"
    assert condition["ElseSteps"] == []


def test_the_model_is_sent_features_and_its_answer_joined_to_the_whole_line() -> None:
    arguments = branch(definition())[0]["Arguments"]

    assert arguments["DataProcessing"] == {"InputFilter": "$.features", "JoinSource": "Input"}
    kinds = (arguments["TransformInput"]["ContentType"], arguments["TransformOutput"]["Accept"])
    assert kinds == ("application/jsonlines", "application/jsonlines")
    assert arguments["TransformInput"]["SplitType"] == "Line"
    assert arguments["TransformOutput"]["AssembleWith"] == "Line"


def test_disks_and_answers_are_encrypted_under_the_stages_key() -> None:
    arguments = branch(definition())[0]["Arguments"]

    assert arguments["TransformResources"]["VolumeKmsKeyId"] == KEY
    assert arguments["TransformOutput"]["KmsKeyId"] == KEY


def test_disks_of_the_instance_are_left_to_its_hardware() -> None:
    made = definition(instance_type="ml.g5.xlarge")
    arguments = branch(made)[0]["Arguments"]

    assert "VolumeKmsKeyId" not in arguments["TransformResources"]
    assert arguments["TransformOutput"]["KmsKeyId"] == KEY
    assert findings(made) == []


def test_no_request_holds_more_rows_than_the_container_is_told() -> None:
    assert len("1\n" * most_rows(1)) > 1024 * 1024
