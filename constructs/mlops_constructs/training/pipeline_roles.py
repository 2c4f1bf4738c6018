"""Who a training pipeline acts as: one role that conducts, and one for each job that works."""

from collections.abc import Iterable, Sequence
from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops.contract import ModelSpec
from mlops.contract.naming import VERSION_STEPS
from mlops.pipeline.gate import PENDING
from mlops_constructs import job_permissions as jobs
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

# Whose outputs each job reads; every job reads the code and writes its own outputs.
READS: Final[dict[str, Sequence[str]]] = {
    "Preprocess": (),
    "ValidateData": ("Preprocess",),
    "Train": ("Preprocess",),
    "Baseline": ("Preprocess", "Train"),
    "Evaluate": ("Preprocess", "Train"),
}


class PipelineRoles(Construct):
    """Least privilege per job: its inputs, its outputs, one repository, one key.

    Only the conducting role may create jobs, and only with these roles.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        model: ModelSpec,
        key: kms.IKey,
        code: s3_assets.Asset,
        asked: Sequence[lambda_.IFunction],
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._model = model
        self._key = key
        self._code = code
        self._acknowledged: list[Permission] = []
        self.steps = {step: self._step_role(step) for step in READS}
        self.pipeline = self._pipeline_role(asked)
        acknowledge_patterns(self, self._acknowledged)

    def _step_role(self, step: str) -> iam.Role:
        kind: jobs.JobKind = "Training" if step == "Train" else "Processing"
        return self._role(
            step,
            [
                *jobs.pull_image(self._site, model=self._model.name),
                *jobs.report(self._site, kind=kind),
                *self._inputs(step),
                *jobs.write_objects(bucket=self._bucket, key=self._outputs(step)),
                *jobs.use_key(self._key.key_arn),
                *jobs.encrypt_volumes(self._site, key_arn=self._key.key_arn),
                *jobs.join_network(self._site),
            ],
        )

    def _inputs(self, step: str) -> Iterable[Permission]:
        yield from jobs.read_object(
            sid="Code", bucket=self._code.s3_bucket_name, key=self._code.s3_object_key
        )
        if step == "Preprocess":
            yield from self._data()
        for source in READS[step]:
            yield from jobs.read_object(
                sid=f"{source}Outputs", bucket=self._bucket, key=self._outputs(source)
            )

    def _data(self) -> Iterable[Permission]:
        """Every published version of the model's data, and the location of its contract."""
        published = self._site.names.data_key(self._model.name, "*", "*")
        yield from jobs.read_object(sid="PublishedData", bucket=self._bucket, key=published)
        if self._model.data.uri:
            bucket, _, key = self._model.data.uri.removeprefix("s3://").partition("/")
            yield from jobs.read_object(sid="DataSource", bucket=bucket, key=key)

    def _pipeline_role(self, asked: Sequence[lambda_.IFunction]) -> iam.Role:
        return self._role(
            "Pipeline",
            [
                *jobs.pull_image(self._site, model=self._model.name),
                *self._conducting(asked),
                *self._registering(),
                *self._version_files(),
                *jobs.use_key(self._key.key_arn),
            ],
        )

    def _version_files(self) -> Iterable[Permission]:
        """Registering a version reads what it refers to."""
        for step in VERSION_STEPS:
            yield from jobs.read_object(
                sid=f"{step}Outputs", bucket=self._bucket, key=self._outputs(step)
            )

    def _conducting(self, asked: Sequence[lambda_.IFunction]) -> list[Permission]:
        return [
            _run_jobs(self._site),
            Permission(
                sid="HandOverStepRoles",
                actions=["iam:PassRole"],
                resources=[role.role_arn for role in self.steps.values()],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            Permission(
                sid="AskFunctions",
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in asked],
            ),
        ]

    def _registering(self) -> list[Permission]:
        names, model = self._site.names, self._model.name
        versions = [names.model_package_group_arn(model), names.model_packages_arn(model)]
        numbered = "the registry numbers the versions; the group is exact"
        return [
            Permission(
                sid="RegisterVersions",
                actions=["sagemaker:CreateModelPackage"],
                resources=versions,
                # A version that is registered as approved would be released without a decision.
                conditions={"StringEquals": {"sagemaker:ModelApprovalStatus": PENDING}},
                because=numbered,
            ),
            Permission(
                sid="TagAndSeeVersions",
                actions=["sagemaker:AddTags", "sagemaker:DescribeModelPackage"],
                resources=versions,
                because=numbered,
            ),
            Permission(
                sid="FindTheImage",
                actions=["ecr:DescribeImages", "ecr:DescribeRepositories"],
                resources=[names.image_repository_arn(model)],
            ),
            Permission(
                sid="FindTheGroup",
                actions=["sagemaker:DescribeModelPackageGroup"],
                resources=[names.model_package_group_arn(model)],
            ),
        ]

    def _role(self, id_: str, permissions: list[Permission]) -> iam.Role:
        self._acknowledged += permissions
        return service_role(
            self,
            id_,
            service="sagemaker.amazonaws.com",
            site=self._site,
            permissions=permissions,
        )

    @property
    def _bucket(self) -> str:
        return self._site.names.artifact_bucket(self._site.stage)

    def _outputs(self, step: str) -> str:
        """Keys of a step's outputs, in every execution of the pipeline."""
        return self._site.names.step_outputs(self._model.name, step)


def _run_jobs(site: Site) -> Permission:
    kinds = ("Processing", "Training")
    verbs = ("Create", "Describe", "Stop")
    return Permission(
        sid="RunJobs",
        actions=[
            "sagemaker:AddTags",
            *(f"sagemaker:{verb}{kind}Job" for kind in kinds for verb in verbs),
        ],
        resources=[site.arn("sagemaker", f"{kind.lower()}-job/pipelines-*") for kind in kinds],
        because="SageMaker Pipelines names its jobs pipelines-<execution>-<step>",
    )
