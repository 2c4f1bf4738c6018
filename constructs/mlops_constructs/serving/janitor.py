"""Clears away the models and endpoint configs that releases left behind on purpose."""

from pathlib import Path
from typing import Final

from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.rollout.release import ENDPOINT_TAG
from mlops_constructs.clock import Clock, called
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.release import Release

_KEEP_DAYS: Final = 30
_KEEP_NEWEST: Final = 3


class Janitor(Construct):
    """A daily function that may delete nothing but what carries this endpoint's tag."""

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, archive: Path, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        janitor = PlatformFunction(
            self,
            "Janitor",
            site=release.site,
            model=release.model.name,
            task=_task(release),
            archive=archive,
            key=key,
        )
        Clock(
            self,
            "Daily",
            site=release.site,
            start=called(janitor.function),
            expression="rate(1 day)",
        )


def _task(release: Release) -> Task:
    return Task(
        name="janitor",
        description=f"Deletes what old releases of {release.endpoint_name} left behind",
        module="rollout.janitor",
        permissions=_permissions(release),
        minutes=5,
        environment={
            "ENDPOINT_NAME": release.endpoint_name,
            "KEEP_DAYS": str(_KEEP_DAYS),
            "KEEP_NEWEST": str(_KEEP_NEWEST),
        },
    )


def _permissions(release: Release) -> list[Permission]:
    site = release.site
    leftovers = [site.arn("sagemaker", "endpoint-config/*"), site.arn("sagemaker", "model/*")]
    generated = "SageMaker configs and models have generated names; a tag says whose they are"
    return [
        Permission(
            sid="SeeWhatIsThere",
            actions=[
                "sagemaker:ListEndpointConfigs",
                "sagemaker:ListEndpoints",
            ],
            resources=["*"],
            because="these actions have no resource-level permissions and read names only",
        ),
        Permission(
            sid="SeeWhatIsUsed",
            actions=["sagemaker:DescribeEndpoint"],
            resources=[site.arn("sagemaker", "endpoint/*")],
            because="whoever else's endpoint uses a config must be seen before it is deleted",
        ),
        Permission(
            sid="SeeWhoseItIs",
            actions=["sagemaker:DescribeEndpointConfig", "sagemaker:ListTags"],
            resources=leftovers,
            because=generated,
        ),
        Permission(
            sid="DeleteLeftovers",
            actions=["sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"],
            resources=leftovers,
            conditions={"StringEquals": {f"aws:ResourceTag/{ENDPOINT_TAG}": release.endpoint_name}},
            because=generated,
        ),
    ]
