"""What the runner of a stage's checks may do: ask, look, act as an application, and report."""

from typing import Final

from aws_cdk import aws_s3_assets as s3_assets

from mlops_constructs.job_permissions import join_network, read_object, use_key, write_objects
from mlops_constructs.permission import Permission
from mlops_constructs.site import Site

REPORTS: Final = "checks"
"""Prefix of the reports in the stage's artifact bucket."""
_OF_THE_STAGE: Final = (
    "the platform's own names of this one stage; a list of its models would outgrow a role's policy"
)
_CAPTURES: Final = "every model of the stage keeps its requests here, and the runner checks each"
_REPORTED: Final = "each run has a folder of its own; only the stage's runner writes below this one"
_GENERATED: Final = "SageMaker configs and models have generated names; the calls only read"


def runner_permissions(
    site: Site, *, code: s3_assets.Asset, key_arn: str, report_group: str
) -> list[Permission]:
    """Everything that the runner's role needs, and nothing else; nothing here changes anything."""
    bucket = site.names.artifact_bucket(site.stage)
    return [
        *_ask(site),
        *_look(site),
        *read_object(
            sid="Captures",
            bucket=site.names.capture_bucket(site.stage),
            key="*",
            because=_CAPTURES,
        ),
        _read_code(code),
        *write_objects(bucket=bucket, key=f"{REPORTS}/*", because=_REPORTED),
        _find_buckets(code, site),
        *use_key(key_arn),
        Permission(
            sid="Report",
            actions=[
                "codebuild:BatchPutTestCases",
                "codebuild:CreateReport",
                "codebuild:UpdateReport",
            ],
            resources=[report_group],
        ),
        *join_network(site),
    ]


def _ask(site: Site) -> list[Permission]:
    role = f"arn:aws:iam::{site.stage.account}:role/{site.prefix}-*-caller"
    return [
        Permission(
            sid="AskTheEndpoints",
            actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
            resources=[site.arn("sagemaker", f"endpoint/{site.prefix}-*")],
            because=_OF_THE_STAGE,
        ),
        Permission(
            sid="ActAsAnApplication",
            actions=["sts:AssumeRole"],
            resources=[role],
            because=_OF_THE_STAGE,
        ),
    ]


def _look(site: Site) -> list[Permission]:
    return [
        Permission(
            sid="SeeWhatTheyRun",
            actions=[
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:ListTags",
            ],
            resources=[
                site.arn("sagemaker", "endpoint-config/*"),
                site.arn("sagemaker", "model/*"),
            ],
            because=_GENERATED,
        ),
        Permission(
            sid="SeeScaling",
            actions=["application-autoscaling:DescribeScalingActivities"],
            resources=["*"],
            because="this action has no resource-level permissions, and only reads",
        ),
        *_see_metrics(site),
    ]


def _see_metrics(site: Site) -> list[Permission]:
    return [
        Permission(
            sid="SeeRollbackAlarms",
            actions=["cloudwatch:DescribeAlarms"],
            resources=[site.arn("cloudwatch", f"alarm:{site.prefix}-*-rollback-*")],
            because=_OF_THE_STAGE,
        ),
        Permission(
            sid="SeeDimensions",
            actions=["cloudwatch:ListMetrics"],
            resources=["*"],
            because="this action has no resource-level permissions, and lists names alone",
        ),
    ]


def _read_code(code: s3_assets.Asset) -> Permission:
    return Permission(
        sid="ReadTheCode",
        actions=["s3:GetObject", "s3:GetObjectVersion"],
        resources=[f"arn:aws:s3:::{code.s3_bucket_name}/{code.s3_object_key}"],
    )


def _find_buckets(code: s3_assets.Asset, site: Site) -> Permission:
    """CodeBuild asks both buckets where they are and whose they are."""
    return Permission(
        sid="FindTheBuckets",
        actions=["s3:GetBucketAcl", "s3:GetBucketLocation"],
        resources=[f"arn:aws:s3:::{code.s3_bucket_name}", site.artifact_bucket_arn],
    )
