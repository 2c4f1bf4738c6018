"""What the function does that starts trainings, and everything that it may touch."""

from mlops.contract import ModelSpec
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import Task
from mlops_constructs.site import Site


def retraining_task(site: Site, model: ModelSpec, *, key_arn: str) -> Task:
    """The function of one model; its environment is literals."""
    return Task(
        name="start-retraining",
        description=f"Trains {model.name} without a person asking, and never too often",
        module="training.start_retraining",
        permissions=[
            *_training(site, model.name),
            *_reading_data(site, model),
            *_telling(site, key_arn=key_arn),
        ],
        minutes=1,
        environment={
            "MODEL": model.name,
            "PIPELINE": site.names.pipeline(model.name),
            "COOLDOWN_DAYS": str(model.retraining.cooldown_days),
            "BUDGET_PER_MONTH": str(model.retraining.budget_per_month),
            "ALERT_TOPIC": site.alert_topic_arn,
            **_data_place(site, model),
        },
        dead_letter_queue_arn=site.dead_letter_queue_arn,
    )


def _data_place(site: Site, model: ModelSpec) -> dict[str, str]:
    """Where data is published; nowhere for a model whose contract names data elsewhere."""
    if model.data.uri is not None:
        return {}
    return {
        "DATA_BUCKET": site.names.artifact_bucket(site.stage),
        "DATA_PREFIX": site.names.data_prefix(model.name),
    }


def _training(site: Site, model: str) -> list[Permission]:
    return [
        Permission(
            sid="StartThePipeline",
            actions=["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"],
            resources=[site.names.pipeline_arn(model)],
        )
    ]


def _reading_data(site: Site, model: ModelSpec) -> list[Permission]:
    """The names and the metadata of published data; its content stays encrypted to the function."""
    if model.data.uri is not None:
        return []
    prefix = site.names.data_prefix(model.name)
    return [
        Permission(
            sid="FindPublishedData",
            actions=["s3:ListBucket"],
            resources=[site.artifact_bucket_arn],
            conditions={"StringEquals": {"s3:prefix": prefix}},
        ),
        Permission(
            sid="ReadItsMetadata",
            actions=["s3:GetObject"],
            resources=[f"{site.artifact_bucket_arn}/{prefix}*"],
            because="the content's hash is part of each key; the model is exact",
        ),
    ]


def _telling(site: Site, *, key_arn: str) -> list[Permission]:
    return [
        Permission(sid="TellPeople", actions=["sns:Publish"], resources=[site.alert_topic_arn]),
        Permission(
            sid="TellPeopleEncrypted",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[key_arn],
            # The published data lies under the same key.
            conditions={
                "StringEquals": {"kms:ViaService": f"sns.{site.stage.region}.amazonaws.com"}
            },
        ),
    ]
