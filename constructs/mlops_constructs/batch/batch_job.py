"""The batch runs of a model in a stage: a small pipeline over new files."""

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.contract import BatchSpec
from mlops.pipeline.batch_definition import BatchJob as Definition
from mlops.pipeline.batch_definition import batch_definition
from mlops_constructs.batch.batch_model import BatchModel
from mlops_constructs.batch.batch_permissions import (
    capture_permissions,
    conducting_permissions,
    find_input_permissions,
)
from mlops_constructs.permission import acknowledge_patterns
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.release import VARIANT, Release
from mlops_constructs.service_role import service_role


class BatchJob(Construct):
    """Takes new files, lets the pinned version answer every line, captures what was said."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        batch: BatchSpec,
        archive: Path,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self._release, self._batch = release, batch
        self._archive, self._key = archive, key
        self.model = BatchModel(self, "Model", release=release, batch=batch, key=key)
        self._find_input = self._function("FindInput", self._finding())
        monitored = release.model.monitoring.engine != "none"
        self._capture = self._function("Capture", self._capturing()) if monitored else None
        self.pipeline = self._pipeline()

    @property
    def _name(self) -> str:
        release = self._release
        return release.site.names.batch_pipeline(release.site.stage, release.model.name)

    def _function(self, id_: str, task: Task) -> PlatformFunction:
        return PlatformFunction(
            self, id_, site=self._release.site, model=self._release.model.name, task=task,
            archive=self._archive, key=self._key,
        )  # fmt: skip

    def _finding(self) -> Task:
        release, names = self._release, self._release.site.names
        return Task(
            name="find-input",
            description=f"Takes the files that wait for a batch of {release.model.name}",
            module="batch.find_input",
            permissions=find_input_permissions(release, key_arn=self._key.key_arn),
            minutes=5,
            environment={
                "BUCKET": names.artifact_bucket(release.site.stage),
                "PIPELINE_NAME": self._name,
                "PREFIX": names.batch_prefix(release.model.name),
            },
        )

    def _capturing(self) -> Task:
        release, names = self._release, self._release.site.names
        return Task(
            name="capture-batch",
            description=f"Keeps the batches of {release.model.name} for its drift job",
            module="batch.capture_batch",
            permissions=capture_permissions(release, key_arn=self._key.key_arn),
            minutes=15,
            environment={
                "CAPTURES": names.captures(release.site.stage, release.model.name, VARIANT),
                "CAPTURE_BUCKET": names.capture_bucket(release.site.stage),
                "PIPELINE_NAME": self._name,
            },
        )

    def _pipeline(self) -> sagemaker.CfnPipeline:
        batch, capture = self._batch, self._capture
        definition = batch_definition(
            Definition(
                find_input_arn=self._find_input.function.function_arn,
                capture_arn=capture.function.function_arn if capture else None,
                model_name=self.model.model.attr_model_name,
                key_arn=self._key.key_arn,
                instance_type=batch.instance_type,
                instance_count=batch.instance_count,
                max_payload_mb=batch.max_payload_mb,
                concurrent_requests=batch.concurrent_requests,
                timeout_seconds=batch.timeout_seconds,
            )
        )
        body = Stack.of(self).to_json_string(definition)
        return sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=self._name,
            pipeline_display_name=self._name,
            pipeline_definition={"PipelineDefinitionBody": body},
            role_arn=self._role().role_arn,
        )

    def _role(self) -> iam.Role:
        functions = [one.function for one in (self._find_input, self._capture) if one]
        permissions = conducting_permissions(
            self._release, functions, model_name=self.model.model.attr_model_name
        )
        acknowledge_patterns(self, permissions)
        return service_role(
            self,
            "Role",
            service="sagemaker.amazonaws.com",
            site=self._release.site,
            permissions=permissions,
        )
