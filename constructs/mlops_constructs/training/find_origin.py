"""What the step FindOrigin asks: who or what started an execution, and which data it read."""

from aws_cdk import aws_iam as iam

from mlops.contract import ModelSpec
from mlops.pipeline import DATA_RECORD
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import Task
from mlops_constructs.site import Site


def find_origin(site: Site, model: ModelSpec, *, key_arn: str, starter: iam.IRole | None) -> Task:
    """Reads an execution of one pipeline, and the record of its first job.

    Args:
        site: the stage that trains.
        model: whose pipeline it is.
        key_arn: the stage's key, under which the record lies.
        starter: role of the function that starts trainings; None: nothing starts them but people.
    """
    return Task(
        name="find-origin",
        description=f"Who started a training of {model.name}, and the data that it read",
        module="training.find_origin",
        minutes=1,
        permissions=[
            Permission(
                sid="SeeTheExecution",
                actions=["sagemaker:DescribePipelineExecution"],
                resources=[f"{site.names.pipeline_arn(model.name)}/execution/*"],
                because="SageMaker numbers the executions; the pipeline is exact",
            ),
            *_reading_the_record(site, model.name, key_arn=key_arn),
        ],
        environment={} if starter is None else {"STARTER_ROLE": starter.role_name},
    )


def _reading_the_record(site: Site, model: str, *, key_arn: str) -> list[Permission]:
    outputs = site.names.step_outputs(model, "Preprocess")
    record = f"{outputs.removesuffix('*')}read/{DATA_RECORD}"
    return [
        Permission(
            sid="ReadTheRecord",
            actions=["s3:GetObject"],
            resources=[f"{site.artifact_bucket_arn}/{record}"],
            because="each execution has a folder of its own; the file is exact",
        ),
        Permission(
            sid="DecryptTheRecord",
            actions=["kms:Decrypt"],
            resources=[key_arn],
            conditions={
                "StringEquals": {"kms:ViaService": f"s3.{site.stage.region}.amazonaws.com"}
            },
        ),
    ]
