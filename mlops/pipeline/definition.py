"""A step graph as SageMaker SDK objects, and those as a pipeline definition.

The only module that imports the SageMaker SDK, which is a gigabyte and takes seconds to import: it
runs in a process and an environment of its own, reads a ModelSpec (JSON) on standard input and
writes the definition on standard output. The spec travels rather than the graph, because the
environment has pydantic anyway and the same code then derives the same graph on both sides.

The SDK means to talk to AWS. Here it cannot: fixed credentials that are none, no metadata service,
no role preflight, no telemetry, and a session that refuses to upload.
"""

import json
import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final

os.environ |= {
    "AWS_DEFAULT_REGION": "us-east-1",  # the SDK wants one; nothing in the definition depends on it
    "AWS_ACCESS_KEY_ID": "offline",
    "AWS_SECRET_ACCESS_KEY": "offline",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAGEMAKER_VALIDATE_ROLE": "false",
}

# The SDK makes clients at import and must find the environment above; mypy does not find the SDK.
# mypy: disable-error-code="import-not-found"
from sagemaker.core import model_registry, network, processing, shapes
from sagemaker.core.drift_check_baselines import DriftCheckBaselines
from sagemaker.core.lambda_helper import Lambda
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.telemetry import telemetry_logging
from sagemaker.core.training import configs
from sagemaker.core.workflow import conditions, functions, parameters, properties
from sagemaker.core.workflow.execution_variables import ExecutionVariable
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow import lambda_step, retry
from sagemaker.mlops.workflow import steps as sdk
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.train.model_trainer import ModelTrainer

from mlops.contract import ModelSpec
from mlops.pipeline import steps
from mlops.pipeline.graph import graph_of

_PLACEHOLDER_ROLE: Final = "arn:aws:iam::000000000000:role/placeholder"
_PARAMETERS: Final = {
    "String": parameters.ParameterString,
    "Integer": parameters.ParameterInteger,
    "Float": parameters.ParameterFloat,
}
_COMPARISONS: Final = {
    "at_least": conditions.ConditionGreaterThanOrEqualTo,
    "at_most": conditions.ConditionLessThanOrEqualTo,
}


class OfflineSession(PipelineSession):  # type: ignore[misc]  # untyped: see the imports
    """A pipeline session that knows no account and uploads nothing."""

    def __init__(self) -> None:
        super().__init__(default_bucket="unused")
        # A person's own SDK defaults must not reach the definition.
        self.sagemaker_config: dict[str, object] = {}

    def default_bucket(self) -> str:
        """A name that the definition never contains."""
        return "unused"

    def account_id(self) -> str:
        """No account; the SDK asks STS otherwise."""
        return "000000000000"

    def upload_data(self, *_args: object, **_options: object) -> None:
        """Refuse."""
        raise RuntimeError("the SDK tried to upload while a definition was compiled")

    def upload_string_as_file_body(self, *_args: object, **_options: object) -> None:
        """Refuse."""
        raise RuntimeError("the SDK tried to upload while a definition was compiled")


class _Compilation:
    """One graph on its way to a definition; knows what was made of each name."""

    def __init__(self, graph: steps.Graph) -> None:
        self._graph = graph
        self._session = OfflineSession()
        self._parameters = {found.name: _parameter(found) for found in graph.parameters}
        self._steps: dict[str, Any] = {}

    def definition(self) -> dict[str, Any]:
        for step in self._graph.steps:
            self._steps[step.name] = self._step(step)
        pipeline = Pipeline(
            name=self._graph.model,
            parameters=list(self._parameters.values()),
            pipeline_experiment_config=None,
            steps=list(self._steps.values()),
            sagemaker_session=self._session,
        )
        return _finished(json.loads(pipeline.definition()), self._graph)

    def _step(self, step: steps.Step) -> Any:
        if isinstance(step, steps.ProcessingStep):
            return self._processing(step)
        if isinstance(step, steps.TrainingStep):
            return self._training(step)
        if isinstance(step, steps.LambdaStep):
            return self._function(step)
        return self._gate(step)

    def _value(self, value: steps.Value) -> Any:
        match value:
            case str():
                return value
            case steps.ParameterValue(name):
                return self._parameters[name]
            case steps.ExecutionValue(name):
                return ExecutionVariable(name)
            case steps.Joined(separator, parts):
                return functions.Join(on=separator, values=[self._value(part) for part in parts])
            case steps.FileValue(step, file, path):
                return functions.JsonGet(step_name=step, property_file=file, json_path=path)
        return self._property(value)

    def _property(self, value: steps.JobOutput | steps.TrainedModel | steps.FunctionOutput) -> Any:
        known = self._steps[value.step].properties
        match value:
            case steps.JobOutput(_, output):
                return known.ProcessingOutputConfig.Outputs[output].S3Output.S3Uri
            case steps.TrainedModel():
                return known.ModelArtifacts.S3ModelArtifacts
            case steps.FunctionOutput(_, output):
                return known.Outputs[output]

    def _processing(self, step: steps.ProcessingStep) -> Any:
        machine = step.machine
        processor = processing.Processor(
            role=self._value(machine.role),
            image_uri=self._value(machine.image),
            instance_count=machine.instance_count,
            instance_type=self._value(machine.instance_type),
            entrypoint=list(step.entrypoint),
            volume_size_in_gb=machine.volume_gb,
            volume_kms_key=self._value(machine.key),
            output_kms_key=self._value(machine.key),
            max_runtime_in_seconds=machine.timeout_seconds,
            sagemaker_session=self._session,
            env=dict(step.environment),
            network_config=network.NetworkConfig(
                enable_network_isolation=True, encrypt_inter_container_traffic=True
            ),
        )
        run = processor.run(
            inputs=[self._processing_input(channel) for channel in step.inputs],
            outputs=[self._processing_output(output) for output in step.outputs],
            arguments=[self._value(argument) for argument in step.arguments],
        )
        files = [
            properties.PropertyFile(name=file.name, output_name=file.output, path=file.path)
            for file in step.property_files
        ]
        return sdk.ProcessingStep(step_args=run, property_files=files, **_job(step))

    def _processing_input(self, channel: steps.Channel) -> Any:
        source = shapes.ProcessingS3Input(
            s3_uri=self._value(channel.uri),
            local_path=channel.path,
            s3_data_type="S3Prefix",
            s3_input_mode="File",
            s3_data_distribution_type="FullyReplicated",
            s3_compression_type="None",
        )
        return shapes.ProcessingInput(input_name=channel.name, app_managed=False, s3_input=source)

    def _processing_output(self, output: steps.Output) -> Any:
        target = shapes.ProcessingS3Output(
            s3_uri=self._value(output.uri),
            local_path=output.path,
            s3_upload_mode="Continuous" if output.survives else "EndOfJob",
        )
        return shapes.ProcessingOutput(output_name=output.name, app_managed=False, s3_output=target)

    def _training(self, step: steps.TrainingStep) -> Any:
        machine = step.machine
        trainer = ModelTrainer(
            training_mode="SAGEMAKER_TRAINING_JOB",
            sagemaker_session=self._session,
            role=_PLACEHOLDER_ROLE,
            base_job_name="unused",
            training_image=self._value(machine.image),
            compute=configs.Compute(
                instance_type=self._value(machine.instance_type),
                instance_count=machine.instance_count,
                volume_size_in_gb=machine.volume_gb,
                volume_kms_key_id=self._value(machine.key),
            ),
            networking=configs.Networking(
                enable_network_isolation=True, enable_inter_container_traffic_encryption=True
            ),
            stopping_condition=shapes.StoppingCondition(
                max_runtime_in_seconds=machine.timeout_seconds
            ),
            output_data_config=shapes.OutputDataConfig(
                s3_output_path=self._value(step.models), kms_key_id=self._value(machine.key)
            ),
            environment=dict(step.environment),
            hyperparameters={
                name: self._value(value).to_string() for name, value in step.hyperparameters.items()
            },
        )
        run = trainer.train(input_data_config=[self._channel(c) for c in step.inputs])
        return sdk.TrainingStep(step_args=run, **_job(step))

    def _channel(self, channel: steps.Channel) -> Any:
        source = shapes.S3DataSource(
            s3_data_type="S3Prefix",
            s3_uri=self._value(channel.uri),
            s3_data_distribution_type="FullyReplicated",
        )
        return configs.InputData(channel_name=channel.name, data_source=source)

    def _function(self, step: steps.LambdaStep) -> Any:
        return lambda_step.LambdaStep(
            name=step.name,
            description=step.description,
            lambda_func=Lambda(function_arn=step.function_arn, session=self._session),
            inputs={name: self._value(value) for name, value in step.inputs.items()},
            outputs=[lambda_step.LambdaOutput(output_name=name) for name in step.outputs],
        )

    def _gate(self, step: steps.GateStep) -> Any:
        held = [
            _COMPARISONS[c.comparison](left=self._value(c.value), right=c.limit)
            for c in step.conditions
        ]
        failed = FailStep(
            name=step.failed.name,
            description=step.failed.description,
            error_message=self._value(step.failed.message),
        )
        return ConditionStep(
            name=step.name,
            description=step.description,
            conditions=held,
            if_steps=[self._register(step.passed)],
            else_steps=[failed],
        )

    def _register(self, step: steps.RegisterStep) -> Any:
        self._session.init_model_step_arguments(SimpleNamespace(sagemaker_session=self._session))
        container = {
            "Image": self._value(step.image),
            "ModelDataUrl": self._value(step.model),
            "Environment": dict(step.environment),
        }
        data = {
            "model_data_statistics": self._json(step.statistics),
            "model_data_constraints": self._json(step.constraints),
        }
        metrics = ModelMetrics(model_statistics=self._json(step.quality), **data)
        request = model_registry.create_model_package_from_containers(
            self._session,
            containers=[container],
            content_types=list(step.content_types),
            response_types=["application/json"],
            model_package_group_name=self._value(step.group),
            model_metrics=metrics._to_request_dict(),  # noqa: SLF001  # the SDK offers no other way
            drift_check_baselines=DriftCheckBaselines(**data)._to_request_dict(),  # noqa: SLF001  # as above
            approval_status=step.approval,
            customer_metadata_properties={
                key: self._value(value) for key, value in sorted(step.metadata.items())
            },
            domain=step.domain,
            task=step.task,
            model_card={"ModelCardContent": self._value(step.card), "ModelCardStatus": "Draft"},
        )
        return ModelStep(
            name=step.name,
            description=step.description,
            step_args=request,
            retry_policies=[_service_retries()],
        )

    def _json(self, uri: steps.Value) -> Any:
        return MetricsSource(content_type="application/json", s3_uri=self._value(uri))


def definition_of(spec: ModelSpec) -> dict[str, Any]:
    """The pipeline definition of a model; the same spec gives the same definition, always."""
    telemetry_logging._send_telemetry_request = _no_telemetry  # noqa: SLF001  # the documented switch makes each lookup slow
    return _Compilation(graph_of(spec)).definition()


def _no_telemetry(*_args: object, **_options: object) -> None:
    """Compiling a file is nobody else's business."""


def _parameter(parameter: steps.Parameter) -> Any:
    choices = {"enum_values": list(parameter.choices)} if parameter.choices else {}
    return _PARAMETERS[parameter.type](
        name=parameter.name, default_value=parameter.default, **choices
    )


def _job(step: steps.Job) -> dict[str, Any]:
    return {
        "name": step.name,
        "description": step.description,
        "cache_config": sdk.CacheConfig(enable_caching=bool(step.cache), expire_after=step.cache),
        "depends_on": list(step.after) or None,
        "retry_policies": [_service_retries(), _job_retries()],
    }


def _service_retries() -> Any:
    kinds = retry.StepExceptionTypeEnum
    return retry.StepRetryPolicy(
        exception_types=[kinds.THROTTLING, kinds.SERVICE_FAULT],
        interval_seconds=10,
        backoff_rate=2.0,
        max_attempts=5,
    )


def _job_retries() -> Any:
    """Capacity comes back after minutes rather than seconds."""
    kinds = retry.SageMakerJobExceptionTypeEnum
    return retry.SageMakerJobStepRetryPolicy(
        exception_types=[kinds.CAPACITY_ERROR],
        failure_reason_types=[kinds.INTERNAL_ERROR],
        interval_seconds=60,
        backoff_rate=2.0,
        max_attempts=5,
    )


def _finished(definition: dict[str, Any], graph: steps.Graph) -> dict[str, Any]:
    """What the SDK cannot be told: a trainer's role and entry point; and no empty sections."""
    compiled = {step["Name"]: step for step in definition["Steps"]}
    for step in _training_steps(graph):
        arguments = compiled[step.name]["Arguments"]
        arguments["RoleArn"] = {"Get": f"Parameters.{step.machine.role.name}"}
        arguments["AlgorithmSpecification"] |= {
            "ContainerEntrypoint": list(step.entrypoint),
            "ContainerArguments": list(step.arguments),
        }
    return {key: value for key, value in definition.items() if value is not None}


def _training_steps(graph: steps.Graph) -> Iterator[steps.TrainingStep]:
    return (step for step in graph.steps if isinstance(step, steps.TrainingStep))


if __name__ == "__main__":
    json.dump(definition_of(ModelSpec.model_validate_json(sys.stdin.read())), sys.stdout)
