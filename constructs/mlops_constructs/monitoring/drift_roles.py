"""Who the drift job acts as: roles that conduct and work, and what its functions may do."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops.metrics import MONITORING
from mlops_constructs import job_permissions as jobs
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.release import Release
from mlops_constructs.service_role import service_role
from mlops_constructs.serving_permissions import read_version


class DriftRoles(Construct):
    """The job reads what the manifests can name and writes below the reports; nothing else."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        key: kms.IKey,
        code: s3_assets.Asset,
        functions: Sequence[lambda_.IFunction],
    ) -> None:
        super().__init__(scope, id_)
        self._site = release.site
        self._acknowledged: list[Permission] = []
        self.job = self._role("Job", _job(release, key.key_arn, code))
        self.pipeline = self._role("Pipeline", self._conducting(functions))
        acknowledge_patterns(self, self._acknowledged)

    def _conducting(self, functions: Sequence[lambda_.IFunction]) -> list[Permission]:
        return [
            Permission(
                sid="RunTheJob",
                actions=[
                    "sagemaker:AddTags",
                    "sagemaker:CreateProcessingJob",
                    "sagemaker:DescribeProcessingJob",
                    "sagemaker:StopProcessingJob",
                ],
                resources=[self._site.arn("sagemaker", "processing-job/pipelines-*")],
                because="SageMaker Pipelines names its jobs pipelines-<execution>-<step>",
            ),
            Permission(
                sid="HandOverTheJobsRole",
                actions=["iam:PassRole"],
                resources=[self.job.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            Permission(
                sid="CallTheFunctions",
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in functions],
            ),
        ]

    def _role(self, id_: str, permissions: list[Permission]) -> iam.Role:
        self._acknowledged += permissions
        return service_role(
            self, id_, service="sagemaker.amazonaws.com", site=self._site, permissions=permissions
        )


def find_window_permissions(release: Release, *, key_arn: str) -> list[Permission]:
    """List the window's files, write the job's inputs, find the version's baseline."""
    names, model = release.site.names, release.model.name
    bucket = f"arn:aws:s3:::{names.capture_bucket(release.site.stage)}"
    return [
        Permission(
            sid="ListTheWindow",
            actions=["s3:ListBucket"],
            resources=[bucket],
            conditions={"StringLike": {"s3:prefix": [f"{home}/*" for home in _homes(release)]}},
        ),
        Permission(
            sid="LayOutTheInputs",
            actions=["s3:PutObject"],
            resources=[f"{bucket}/{names.drift_reports(model)}/*/input/*"],
            because="each window has a folder of its own below this model's prefix",
        ),
        *jobs.use_key(key_arn),
        Permission(
            sid="FindTheBaseline",
            actions=["sagemaker:DescribeModelPackage"],
            resources=[release.package_arn],
        ),
    ]


def publish_permissions(release: Release, *, key_arn: str) -> list[Permission]:
    """Read the report, publish its figures, wake retraining."""
    names, model = release.site.names, release.model.name
    bucket = names.capture_bucket(release.site.stage)
    return [
        *jobs.read_object(
            sid="Reports", bucket=bucket, key=f"{names.drift_reports(model)}/*/report/*"
        ),
        *jobs.use_key(key_arn),
        Permission(
            sid="PublishTheFigures",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": MONITORING}},
            because="this action has no resource-level permissions; the namespace is fixed",
        ),
        Permission(
            sid="CountTheRequests",
            actions=["cloudwatch:GetMetricData"],
            resources=["*"],
            because="this action has no resource-level permissions and only reads numbers",
        ),
        Permission(
            sid="WakeRetraining",
            actions=["events:PutEvents"],
            resources=[names.training_bus_arn],
        ),
    ]


def _job(release: Release, key_arn: str, code: s3_assets.Asset) -> list[Permission]:
    site, names, model = release.site, release.site.names, release.model.name
    bucket, reports = names.capture_bucket(site.stage), names.drift_reports(model)
    captures, truth = _homes(release)
    return [
        *jobs.pull_image(site, model=model),
        *jobs.report(site, kind="Processing"),
        *jobs.read_object(sid="Code", bucket=code.s3_bucket_name, key=code.s3_object_key),
        *read_version(release, step="Baseline"),
        *jobs.read_object(sid="Captures", bucket=bucket, key=f"{captures}/*"),
        *jobs.read_object(sid="Truth", bucket=bucket, key=f"{truth}/*"),
        *jobs.read_object(sid="Inputs", bucket=bucket, key=f"{reports}/*/input/*"),
        *jobs.write_objects(bucket=bucket, key=f"{reports}/*/report/*"),
        *jobs.use_key(key_arn),
        *jobs.encrypt_volumes(site, key_arn=key_arn),
        *jobs.join_network(site),
    ]


def _homes(release: Release) -> tuple[str, str]:
    """Where a stage keeps what a model was asked and what really happened."""
    names, stage, model = release.site.names, release.site.stage, release.model.name
    return f"{model}/{release.endpoint_name}", names.ground_truth(stage, model)
