"""What a container may do, as small permissions: load one model, be watched, be captured."""

from typing import Final, Literal

from mlops_constructs.job_permissions import (
    encrypt_volumes,
    join_network,
    pull_image,
    read_object,
    use_key,
    write_objects,
)
from mlops_constructs.permission import Permission
from mlops_constructs.release import Release

_METRICS: Final = "/aws/sagemaker/Endpoints"


def execution_permissions(release: Release, *, key_arn: str) -> list[Permission]:
    """Everything that the role of an endpoint needs, and nothing else."""
    site, model = release.site, release.model.name
    return [
        *pull_image(site, model=model),
        *read_version(release, step="Train"),
        *_report(release),
        _see_rollback_alarms(release),
        *_capture(release),
        *use_key(key_arn),
        *encrypt_volumes(site, key_arn=key_arn),
        *join_network(site),
    ]


def read_version(
    release: Release, *, step: Literal["Train", "Evaluate", "Baseline"]
) -> list[Permission]:
    """Read what a step made of the model's versions, under the key of the registry's account."""
    names = release.site.names
    training = names.stages.training
    key = names.step_outputs(release.model.name, step)
    bucket = f"arn:aws:s3:::{names.artifact_bucket(training)}"
    return [
        *read_object(sid="Models", bucket=names.artifact_bucket(training), key=key),
        Permission(
            sid="DecryptModels",
            actions=["kms:Decrypt"],
            resources=[f"arn:aws:kms:{training.region}:{training.account}:key/*"],
            # With a bucket key the context is the bucket; without one it is the object.
            conditions={
                "ArnLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/{key}"]}
            },
            because="the id of another stage's key is not known here; its bucket is the condition",
        ),
    ]


def _report(release: Release) -> list[Permission]:
    group = release.site.arn("logs", f"log-group:{_METRICS}/{release.endpoint_name}")
    return [
        Permission(
            sid="WriteTheLog",
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            resources=[group, f"{group}:log-stream:*"],
            because="SageMaker names the log streams by instance, in the endpoint's own group",
        ),
        Permission(
            sid="WriteMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": _METRICS}},
            because="this action has no resource-level permissions; the namespace is fixed",
        ),
    ]


def _see_rollback_alarms(release: Release) -> Permission:
    # By name: a reference would lead from the role over the alarm and the config back to the role.
    return Permission(
        sid="SeeRollbackAlarms",
        actions=["cloudwatch:DescribeAlarms"],
        resources=[release.site.arn("cloudwatch", f"alarm:{release.alarm_prefix}*")],
        because="each release has alarms of its own; the prefix belongs to this endpoint alone",
    )


def _capture(release: Release) -> list[Permission]:
    if not release.model.endpoint.capture.enabled:
        return []
    bucket = release.site.names.capture_bucket(release.site.stage)
    return write_objects(bucket=bucket, key=f"{release.model.name}/*")
