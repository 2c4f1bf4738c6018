"""What a batch run's functions may do, and the pipeline that conducts them."""

from collections.abc import Sequence

from aws_cdk import aws_lambda as lambda_

from mlops.metrics import BATCH
from mlops_constructs import job_permissions as jobs
from mlops_constructs.permission import Permission
from mlops_constructs.release import VARIANT, Release


def find_input_permissions(release: Release, *, key_arn: str) -> list[Permission]:
    """List this model's files and claims, write claims and manifests."""
    names, stage = release.site.names, release.site.stage
    prefix = names.batch_prefix(release.model.name)
    bucket = f"arn:aws:s3:::{names.artifact_bucket(stage)}"
    return [
        Permission(
            sid="ListTheFiles",
            actions=["s3:ListBucket"],
            resources=[bucket],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}/input/*", f"{prefix}/taken/*"]}},
        ),
        Permission(
            sid="TakeAndList",
            actions=["s3:PutObject"],
            resources=[f"{bucket}/{prefix}/taken/*", f"{bucket}/{prefix}/runs/*"],
            because="each upload has a claim and each run a list, below this model's prefix",
        ),
        *jobs.use_key(key_arn),
        _publish(),
    ]


def capture_permissions(release: Release, *, key_arn: str) -> list[Permission]:
    """Read the joined answers, write them beside the endpoint's captured requests.

    Beside them and never over them: only a batch's files have such names.
    """
    names, stage, model = release.site.names, release.site.stage, release.model.name
    captures = f"{names.captures(stage, model, VARIANT)}/*/batch-*"
    return [
        *jobs.read_object(
            sid="Answers",
            bucket=names.artifact_bucket(stage),
            key=f"{names.batch_prefix(model)}/output/*",
        ),
        *jobs.write_objects(bucket=names.capture_bucket(stage), key=captures),
        *jobs.use_key(key_arn),
        _publish(),
    ]


def conducting_permissions(
    release: Release, functions: Sequence[lambda_.IFunction], *, model_name: str
) -> list[Permission]:
    """Run the transform job, whose role is the model's, and call the functions around it.

    A job acts as the role of its model, without a role being handed over: which model it may be is
    as much as which role. SageMaker writes names in ARNs in lower case, so case is not compared;
    of these actions, the one that creates a job is the only one that names a model.
    """
    model = release.site.arn("sagemaker", f"model/{model_name}")
    return [
        Permission(
            sid="RunTheJob",
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreateTransformJob",
                "sagemaker:DescribeTransformJob",
                "sagemaker:StopTransformJob",
            ],
            resources=[release.site.arn("sagemaker", "transform-job/pipelines-*")],
            conditions={"StringEqualsIgnoreCaseIfExists": {"sagemaker:ModelArn": model}},
            because="SageMaker Pipelines names its jobs pipelines-<execution>-<step>",
        ),
        Permission(
            sid="CallTheFunctions",
            actions=["lambda:InvokeFunction"],
            resources=[function.function_arn for function in functions],
        ),
    ]


def _publish() -> Permission:
    return Permission(
        sid="PublishTheFigures",
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": BATCH}},
        because="this action has no resource-level permissions; the namespace is fixed",
    )
