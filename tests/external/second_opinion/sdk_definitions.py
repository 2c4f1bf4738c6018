"""Definitions built again from the SDK's own classes; a program for the SDK's environment.

`rebuild` reads definitions by name (JSON) and writes what the SDK compiles for each; `judge` reads
conditions and writes which hold. What a definition says is read loosely, an operand by its place
and not by its key, so that every key of the answer is the SDK's and none is copied.
"""

import json
import re
import sys
from types import SimpleNamespace
from typing import Any

from mlops.pipeline.definition import OfflineSession  # first: it prepares the SDK's environment

from sagemaker.core import network, processing, shapes, transformer  # isort: skip
from sagemaker.core.lambda_helper import Lambda
from sagemaker.core.workflow import conditions, functions, parameters
from sagemaker.core.workflow.execution_variables import ExecutionVariable
from sagemaker.mlops.local.pipeline import _ConditionStepExecutor
from sagemaker.mlops.workflow import lambda_step, retry
from sagemaker.mlops.workflow import steps as sdk
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.pipeline import Pipeline

_PARAMETERS = {
    "String": parameters.ParameterString,
    "Integer": parameters.ParameterInteger,
    "Float": parameters.ParameterFloat,
    "Boolean": parameters.ParameterBoolean,
}
_COMPARISONS = {
    "Equals": conditions.ConditionEquals,
    "GreaterThan": conditions.ConditionGreaterThan,
    "GreaterThanOrEqualTo": conditions.ConditionGreaterThanOrEqualTo,
    "LessThan": conditions.ConditionLessThan,
    "LessThanOrEqualTo": conditions.ConditionLessThanOrEqualTo,
    "In": conditions.ConditionIn,
}


class Rebuilt:
    """One definition on its way through the SDK."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self._given = definition
        self._session = OfflineSession()
        self._parameters = {one["Name"]: _parameter(one) for one in definition["Parameters"]}
        self._steps: dict[str, Any] = {}

    def definition(self) -> dict[str, Any]:
        made = [self._step(step) for step in self._given["Steps"]]
        pipeline = Pipeline(
            name="rebuilt",
            parameters=list(self._parameters.values()),
            pipeline_experiment_config=None,
            steps=made,
            sagemaker_session=self._session,
        )
        compiled = json.loads(pipeline.definition())
        return {key: value for key, value in compiled.items() if value is not None}

    def _step(self, step: dict[str, Any]) -> Any:
        build = {
            "Lambda": self._function,
            "Processing": self._processing,
            "Transform": self._transform,
            "Condition": self._condition,
            "Fail": self._fail,
        }[step["Type"]]
        self._steps[step["Name"]] = build(step)
        return self._steps[step["Name"]]

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if not isinstance(value, dict):
            return value
        match list(value.items()):
            case [("Get", path)]:
                return self._reference(path)
            case [("Std:Join", join)]:
                return functions.Join(on=join["On"], values=self._value(join["Values"]))
            case [("Std:JsonGet", read)]:
                _, step, _, file = read["PropertyFile"]["Get"].split(".")
                return functions.JsonGet(step_name=step, property_file=file, json_path=read["Path"])
        return {key: self._value(one) for key, one in value.items()}

    def _reference(self, path: str) -> Any:
        kind, _, name = path.partition(".")
        if kind == "Parameters":
            return self._parameters[name]
        if kind == "Execution":
            return ExecutionVariable(name)
        step, _, attributes = name.partition(".")
        found = self._steps[step].properties
        for attribute, item in re.findall(r"(\w+)|\['([^']+)'\]", attributes):
            if attribute:
                found = getattr(found, {"OutputParameters": "Outputs"}.get(attribute, attribute))
            else:
                found = found[item]
        return found

    def _test(self, condition: dict[str, Any]) -> Any:
        operands = [value for key, value in condition.items() if key != "Type"]
        if condition["Type"] == "Not":
            return conditions.ConditionNot(self._test(*operands))
        if condition["Type"] == "Or":
            return conditions.ConditionOr([self._test(one) for one in operands[0]])
        return _COMPARISONS[condition["Type"]](*map(self._value, operands))

    def _condition(self, step: dict[str, Any]) -> Any:
        tests, *branches = step["Arguments"].values()
        yes, no = ([self._step(one) for one in branch] for branch in branches)
        return ConditionStep(
            conditions=[self._test(one) for one in tests],
            if_steps=yes,
            else_steps=no,
            **_named(step),
        )

    def _fail(self, step: dict[str, Any]) -> Any:
        return FailStep(error_message=self._value(*step["Arguments"].values()), **_named(step))

    def _function(self, step: dict[str, Any]) -> Any:
        return lambda_step.LambdaStep(
            lambda_func=Lambda(function_arn=step["FunctionArn"], session=self._session),
            inputs=self._value(step["Arguments"]),
            outputs=[
                lambda_step.LambdaOutput(name, _member(lambda_step.LambdaOutputTypeEnum, kind))
                for name, kind in map(dict.values, step["OutputParameters"])
            ],
            **_named(step),
        )

    def _processing(self, step: dict[str, Any]) -> Any:
        said = self._value(step["Arguments"])
        machine, program = said["ProcessingResources"]["ClusterConfig"], said["AppSpecification"]
        processor = processing.Processor(
            role=said["RoleArn"],
            image_uri=program["ImageUri"],
            instance_count=machine["InstanceCount"],
            instance_type=machine["InstanceType"],
            entrypoint=program["ContainerEntrypoint"],
            volume_size_in_gb=machine["VolumeSizeInGB"],
            volume_kms_key=machine.get("VolumeKmsKeyId"),
            output_kms_key=said["ProcessingOutputConfig"].get("KmsKeyId"),
            max_runtime_in_seconds=said["StoppingCondition"]["MaxRuntimeInSeconds"],
            sagemaker_session=self._session,
            env=said["Environment"],
            network_config=_network(said["NetworkConfig"]),
        )
        run = processor.run(
            inputs=[_input(one) for one in said["ProcessingInputs"]],
            outputs=[_output(one) for one in said["ProcessingOutputConfig"]["Outputs"]],
            arguments=program["ContainerArguments"],
        )
        return sdk.ProcessingStep(step_args=run, retry_policies=_retries(step), **_named(step))

    def _transform(self, step: dict[str, Any]) -> Any:
        said = self._value(step["Arguments"])
        machine, output, source = (
            said[f"Transform{part}"] for part in ("Resources", "Output", "Input")
        )
        job = transformer.Transformer(
            model_name=said["ModelName"],
            instance_count=machine["InstanceCount"],
            instance_type=machine["InstanceType"],
            strategy=said["BatchStrategy"],
            assemble_with=output["AssembleWith"],
            output_path=output["S3OutputPath"],
            output_kms_key=output["KmsKeyId"],
            accept=output["Accept"],
            max_concurrent_transforms=said["MaxConcurrentTransforms"],
            max_payload=said["MaxPayloadInMB"],
            base_transform_job_name="unused",  # the SDK asks the model for one otherwise
            sagemaker_session=self._session,
            volume_kms_key=machine.get("VolumeKmsKeyId"),
        )
        run = job.transform(
            data=source["DataSource"]["S3DataSource"]["S3Uri"],
            data_type=source["DataSource"]["S3DataSource"]["S3DataType"],
            content_type=source["ContentType"],
            compression_type=source["CompressionType"],
            split_type=source["SplitType"],
            input_filter=said["DataProcessing"]["InputFilter"],
            join_source=said["DataProcessing"]["JoinSource"],
            model_client_config=said["ModelClientConfig"],
        )
        return sdk.TransformStep(step_args=run, retry_policies=_retries(step), **_named(step))


def _parameter(said: dict[str, Any]) -> Any:
    more = {"enum_values": said["EnumValues"]} if "EnumValues" in said else {}
    return _PARAMETERS[said["Type"]](
        name=said["Name"], default_value=said.get("DefaultValue"), **more
    )


def _named(step: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": step["Name"],
        "description": step.get("Description"),
        "depends_on": step.get("DependsOn"),
    }


def _retries(step: dict[str, Any]) -> list[Any]:
    return [_retry(policy) for policy in step.get("RetryPolicies", ())]


def _retry(said: dict[str, Any]) -> Any:
    kinds = said["ExceptionType"]
    timing = {
        "interval_seconds": said["IntervalSeconds"],
        "backoff_rate": said["BackoffRate"],
        "max_attempts": said["MaxAttempts"],
    }
    if all(kind.startswith("Step.") for kind in kinds):
        known = [_member(retry.StepExceptionTypeEnum, kind) for kind in kinds]
        return retry.StepRetryPolicy(exception_types=known, **timing)
    jobs = [_member(retry.SageMakerJobExceptionTypeEnum, kind) for kind in kinds]
    return retry.SageMakerJobStepRetryPolicy(exception_types=jobs, **timing)


def _member(kinds: Any, value: str) -> Any:
    """The member with a value; called, these enums answer with their first."""
    return next(kind for kind in kinds if kind.value == value)


def _network(said: dict[str, Any]) -> Any:
    inside = said.get("VpcConfig", {})
    return network.NetworkConfig(
        enable_network_isolation=said["EnableNetworkIsolation"],
        encrypt_inter_container_traffic=said["EnableInterContainerTrafficEncryption"],
        security_group_ids=inside.get("SecurityGroupIds"),
        subnets=inside.get("Subnets"),
    )


def _input(said: dict[str, Any]) -> Any:
    source = said["S3Input"]
    return shapes.ProcessingInput(
        input_name=said["InputName"],
        app_managed=said["AppManaged"],
        s3_input=shapes.ProcessingS3Input(
            s3_uri=source["S3Uri"],
            local_path=source["LocalPath"],
            s3_data_type=source["S3DataType"],
            s3_input_mode=source["S3InputMode"],
            s3_data_distribution_type=source["S3DataDistributionType"],
            s3_compression_type=source["S3CompressionType"],
        ),
    )


def _output(said: dict[str, Any]) -> Any:
    target = said["S3Output"]
    return shapes.ProcessingOutput(
        output_name=said["OutputName"],
        app_managed=said["AppManaged"],
        s3_output=shapes.ProcessingS3Output(
            s3_uri=target["S3Uri"],
            local_path=target["LocalPath"],
            s3_upload_mode=target["S3UploadMode"],
        ),
    )


def judged(condition: dict[str, Any]) -> bool | None:
    """Whether a condition holds in the SDK's local pipelines; None where its step would fail."""
    failures: list[str] = []
    execution = SimpleNamespace(update_step_failure=lambda _, reason: failures.append(reason))
    executor = _ConditionStepExecutor(
        SimpleNamespace(execution=execution, sagemaker_session=None),
        SimpleNamespace(name="Ask"),
    )
    holds = executor._evaluate_conjunction([condition])
    return None if failures else holds


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    if sys.argv[1] == "judge":
        json.dump([judged(condition) for condition in asked], sys.stdout)
    elif sys.argv[1] == "types":
        json.dump([kind.value for kind in sdk.StepTypeEnum], sys.stdout)
    else:
        json.dump({name: Rebuilt(one).definition() for name, one in asked.items()}, sys.stdout)
