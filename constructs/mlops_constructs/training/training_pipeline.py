"""A model's SageMaker pipeline with everything that it needs to run."""

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.pipeline import FIND_APPROVED_ARN, FIND_ORIGIN_ARN, ModelSource, bind
from mlops.pipeline.graph import data_uri
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.site import Site
from mlops_constructs.training.find_approved import find_approved
from mlops_constructs.training.find_origin import find_origin
from mlops_constructs.training.pipeline_roles import PipelineRoles


class TrainingPipeline(Construct):
    """The compiled definition, bound to this stage.

    Whatever the stage decides is written out. Parameters are only what an execution really uses,
    and a person may choose: data, the end of training, machines, hyper-parameters.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        source: ModelSource,
        key: kms.IKey,
        commit: str,
        starter: iam.IRole | None,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._source = source
        self._key = key
        self._code = s3_assets.Asset(self, "Code", path=str(source.code_archive))
        self._find_approved = self._asked("FindApproved", find_approved(site, source.spec))
        self._find_origin = self._asked(
            "FindOrigin",
            find_origin(site, source.spec, key_arn=key.key_arn, starter=starter),
        )
        self._roles = self._pipeline_roles()
        self.pipeline = self._pipeline(commit)

    def _asked(self, id_: str, task: Task) -> lambda_.Function:
        model = self._source.spec.name
        return PlatformFunction(
            self, id_, site=self._site, model=model, task=task, archive=None, key=self._key
        ).function

    def _pipeline_roles(self) -> PipelineRoles:
        return PipelineRoles(
            self,
            "Roles",
            site=self._site,
            model=self._source.spec,
            key=self._key,
            code=self._code,
            asked=(self._find_approved, self._find_origin),
        )

    def _pipeline(self, commit: str) -> sagemaker.CfnPipeline:
        definition = bind(
            self._source.definition,
            constants=self._constants(commit),
            defaults={"DataUri": data_uri(self._source.spec, self._site.names)},
            functions={
                FIND_APPROVED_ARN: self._find_approved.function_arn,
                FIND_ORIGIN_ARN: self._find_origin.function_arn,
            },
            network=self._site.stage.network,
        )
        return sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=self._site.names.pipeline(self._source.spec.name),
            pipeline_display_name=self._site.names.pipeline(self._source.spec.name),
            pipeline_definition={
                "PipelineDefinitionBody": Stack.of(self).to_json_string(definition)
            },
            role_arn=self._roles.pipeline.role_arn,
        )

    def _constants(self, commit: str) -> Mapping[str, str]:
        names, model = self._site.names, self._source.spec
        bucket = names.artifact_bucket(self._site.stage)
        roles = {f"{step}RoleArn": role.role_arn for step, role in self._roles.steps.items()}
        return roles | {
            "CodeUri": self._code.s3_object_url,
            "SourceHash": self._source.source_hash,
            "Commit": commit,
            "ImageUri": names.image_uri(model.name, self._source.image_tag),
            "ArtifactsUri": f"s3://{bucket}/{names.artifacts_prefix(model.name)}",
            "KmsKeyId": self._key.key_arn,
            "ModelPackageGroupName": names.model_package_group(model.name),
        }
