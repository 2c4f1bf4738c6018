import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops.pipeline.disks import machine_of
from mlops_constructs.validation import pipelines

Details = Callable[..., list[str]]
KEY = {"Get": "Parameters.KmsKeyId"}
PROCESSING = {
    "Name": "Preprocess",
    "Type": "Processing",
    "Arguments": {
        "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": KEY}},
        "ProcessingOutputConfig": {"KmsKeyId": KEY, "Outputs": [{"OutputName": "train"}]},
        "NetworkConfig": {
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": True,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    },
}
TRAINING = {
    "Name": "Train",
    "Type": "Training",
    "Arguments": {
        "ResourceConfig": {"VolumeKmsKeyId": KEY},
        "OutputDataConfig": {"KmsKeyId": KEY},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    },
}
TRANSFORM = {
    "Name": "Transform",
    "Type": "Transform",
    "Arguments": {
        "TransformResources": {"VolumeKmsKeyId": KEY},
        "TransformOutput": {"KmsKeyId": KEY},
    },
}
OTHER = {
    "Name": "Register",
    "Type": "RegisterModel",
    "Arguments": {"ModelApprovalStatus": "PendingManualApproval"},
}


def pipeline(body: object) -> dict[str, Any]:
    properties = {"PipelineDefinition": {"PipelineDefinitionBody": body}}
    return {"Resources": {"It": {"Type": "AWS::SageMaker::Pipeline", "Properties": properties}}}


def of_steps(*steps: object) -> dict[str, Any]:
    return pipeline(json.dumps({"Version": "2020-12-01", "Steps": steps}))


def with_machine(step: dict[str, Any], instance_type: object, *, key: bool) -> dict[str, Any]:
    changed = copy.deepcopy(step)
    machine = machine_of(changed)
    machine["InstanceType"] = instance_type
    if not key:
        del machine["VolumeKmsKeyId"]
    return changed


@pytest.mark.parametrize("step", [PROCESSING, TRAINING, TRANSFORM], ids=lambda step: step["Type"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "parameter"])
def test_a_volume_has_a_key_where_the_instance_brings_no_disks_and_none_where_it_does(
    details: Details, step: dict[str, Any], *, named: bool
) -> None:
    def found(instance_type: str, *, key: bool) -> list[str]:
        asked = instance_type if named else {"Get": "Parameters.Machine"}
        parameter = {"Name": "Machine", "Type": "String", "DefaultValue": instance_type}
        made = {"Parameters": [parameter], "Steps": [with_machine(step, asked, key=key)]}
        return details(pipelines.jobs_encrypt, pipeline(json.dumps(made)))

    assert found("ml.m5.large", key=True) == found("ml.g5.xlarge", key=False) == []
    (lacks,), (has,) = found("ml.m5.large", key=False), found("ml.g5.xlarge", key=True)
    assert lacks.startswith(f"{step['Name']} lacks")
    assert has.startswith(f"{step['Name']} has")
    assert has.endswith("VolumeKmsKeyId for disks of the instance")


def without(step: dict[str, Any], *path: str) -> dict[str, Any]:
    changed = copy.deepcopy(step)
    place = changed["Arguments"]
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return changed


@pytest.mark.parametrize("rule", pipelines.RULES, ids=lambda rule: rule.id)
def test_a_valid_definition_breaks_no_rule(rule: Any, details: Details) -> None:
    assert details(rule, of_steps(PROCESSING, TRAINING, TRANSFORM, OTHER)) == []


@pytest.mark.parametrize("rule", pipelines.RULES, ids=lambda rule: rule.id)
def test_a_definition_that_is_kept_in_s3_is_not_judged(rule: Any, details: Details) -> None:
    template = pipeline(None)
    location = {"PipelineDefinitionS3Location": {"Bucket": "b", "Key": "k"}}
    template["Resources"]["It"]["Properties"]["PipelineDefinition"] = location

    assert details(rule, template) == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"Steps": [,]}'])
def test_a_definition_that_is_no_json_object_is_found(body: str, details: Details) -> None:
    assert details(pipelines.definition_is_json, pipeline(body)) == ["it is not a JSON object"]


def test_a_definition_without_steps_is_found(details: Details) -> None:
    assert details(pipelines.definition_is_json, of_steps()) == ["it has no steps"]


def test_a_definition_is_judged_with_its_references_in_place(details: Details) -> None:
    whole = json.dumps({"Steps": [OTHER], "Role": "@"})
    before, after = whole.split("@")
    joined = {"Fn::Join": ["", [before, {"Fn::GetAtt": ["Role", "Arn"]}, after]]}

    assert details(pipelines.definition_is_json, pipeline(joined)) == []


def test_a_definition_over_the_limit_is_found(details: Details) -> None:
    template = of_steps(OTHER | {"Note": "x" * 100_000})

    assert len(details(pipelines.definition_is_small, template)) == 1


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (PROCESSING, "ProcessingResources.ClusterConfig.VolumeKmsKeyId"),
        (PROCESSING, "ProcessingOutputConfig.KmsKeyId"),
        (TRAINING, "ResourceConfig.VolumeKmsKeyId"),
        (TRAINING, "OutputDataConfig.KmsKeyId"),
        (TRANSFORM, "TransformResources.VolumeKmsKeyId"),
        (TRANSFORM, "TransformOutput.KmsKeyId"),
    ],
)
def test_a_job_without_a_key_is_found(step: dict[str, Any], path: str, details: Details) -> None:
    template = of_steps(without(step, *path.split(".")))

    assert details(pipelines.jobs_encrypt, template) == [f"{step['Name']} lacks {path}"]


def test_a_job_without_outputs_needs_no_key_for_them(details: Details) -> None:
    assert (
        details(pipelines.jobs_encrypt, of_steps(without(PROCESSING, "ProcessingOutputConfig")))
        == []
    )


@pytest.mark.parametrize(
    ("rule", "switch"),
    [
        (pipelines.jobs_are_isolated, "EnableNetworkIsolation"),
        (pipelines.jobs_encrypt_traffic, "EnableInterContainerTrafficEncryption"),
    ],
    ids=["isolation", "encryption"],
)
def test_a_job_with_an_open_network_is_found(rule: Any, switch: str, details: Details) -> None:
    template = of_steps(without(PROCESSING, "NetworkConfig", switch), without(TRAINING, switch))

    assert details(rule, template) == [f"Preprocess lacks {switch}", f"Train lacks {switch}"]


def test_a_job_without_a_time_limit_is_found(details: Details) -> None:
    template = of_steps(without(TRAINING, "StoppingCondition"))

    assert details(pipelines.jobs_end, template) == ["Train has no time limit"]


def test_a_job_inside_a_branch_is_found(details: Details) -> None:
    branch = {"IfSteps": [without(TRAINING, "StoppingCondition")], "ElseSteps": []}
    template = of_steps({"Name": "Gate", "Type": "Condition", "Arguments": branch})

    assert details(pipelines.jobs_end, template) == ["Train has no time limit"]


def registering(**arguments: Any) -> dict[str, Any]:
    return {**OTHER, "Arguments": {**OTHER["Arguments"], **arguments}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "status",
    [{"Get": "Parameters.Status"}, "Approved", "Rejected", None, {"Std:Join": {}}],
    ids=str,
)
def test_a_version_that_does_not_wait_for_a_decision_is_found(
    status: object, details: Details
) -> None:
    branch = {"IfSteps": [registering(ModelApprovalStatus=status)], "ElseSteps": []}
    gate = {"Name": "Gate", "Type": "Condition", "Arguments": branch}

    assert details(pipelines.versions_wait, of_steps(gate)) == [
        f"Register has ModelApprovalStatus {status}"
    ]


def test_a_recorded_parameter_that_no_job_uses_is_found(details: Details) -> None:
    used, stated = {"Get": "Parameters.DataUri"}, {"Get": "Parameters.Commit"}
    job = copy.deepcopy(PROCESSING)
    job["Arguments"]["ContainerArguments"] = [used]  # type: ignore[index]
    joined = {"Std:Join": {"On": "/", "Values": ["x", stated]}}
    register = registering(
        CustomerMetadataProperties={"data": used, "commit": joined, "team": "fares"}
    )

    assert details(pipelines.recorded_parameters_are_used, of_steps(job, register)) == [
        "Register records Parameters.Commit as commit, and no job uses it"
    ]


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"RoleArn": {"Get": "Parameters.X"}}, "RoleArn"),
        ({"AppSpecification": {"ImageUri": {"Get": "Parameters.X"}}}, "ImageUri"),
        ({"AlgorithmSpecification": {"TrainingImage": {"Get": "Parameters.X"}}}, "TrainingImage"),
        ({"ModelPackageGroupName": {"Get": "Parameters.X"}}, "ModelPackageGroupName"),
        (
            {"ProcessingInputs": [
                {"InputName": "code", "S3Input": {"S3Uri": {"Get": "Parameters.X"}}}
            ]},
            "code",
        ),
        ({"InputDataConfig": [{"ChannelName": "code", "Uri": {"Get": "Parameters.X"}}]}, "code"),
    ],
)  # fmt: skip
def test_a_parameter_that_chooses_what_runs_is_found(
    arguments: dict[str, Any], place: str, details: Details
) -> None:
    step = {"Name": "Job", "Type": "Processing", "Arguments": arguments}

    assert details(pipelines.what_runs_is_written_out, of_steps(step)) == [
        f"Job has {place} from Parameters.X"
    ]
