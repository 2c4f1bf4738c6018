"""Requests with known answers, sent while a release is under way."""

from pathlib import Path
from typing import Final

from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.metrics import SERVING
from mlops_constructs.clock import Clock, called
from mlops_constructs.handler_archive import CONTRACT
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.release import Release
from mlops_constructs.serving_permissions import read_version

_LEAST_ANSWER_SECONDS: Final = 10.0
_MOST_ANSWER_SECONDS: Final = 45.0
"""The function has a minute."""


class Prober(Construct):
    """A function that looks each minute whether a release is under way, and sends probes if so.

    Its environment says everything: ENDPOINT_NAME, VERSION (the release's), PROBES_PER_MINUTE,
    ANSWER_SECONDS (after which a probe counts as unanswered), PACKAGES (the prefix of the ARNs of
    the model's versions) and CONTRACT, the file beside the handlers that holds the contract's
    examples.
    """

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, archive: Path, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        prober = PlatformFunction(
            self,
            "Prober",
            site=release.site,
            model=release.model.name,
            task=_task(release),
            archive=archive,
            key=key,
        )
        Clock(
            self,
            "EachMinute",
            site=release.site,
            start=called(prober.function),
            expression="rate(1 minute)",
        )


def _task(release: Release) -> Task:
    return Task(
        name="prober",
        description=f"Probes {release.endpoint_name} while a release is under way",
        module="rollout.prober",
        permissions=_permissions(release),
        minutes=1,
        environment={
            "ANSWER_SECONDS": f"{answer_seconds(release.model.endpoint.latency_p99_ms):g}",
            "CONTRACT": CONTRACT,
            "ENDPOINT_NAME": release.endpoint_name,
            "PACKAGES": release.package_arn.rpartition("/")[0],
            "PROBES_PER_MINUTE": str(release.traffic.probes_per_minute),
            "VERSION": str(release.version),
        },
    )


def answer_seconds(latency_p99_ms: float) -> float:
    """Twice the objective, and ten seconds at least: slowness alone is for the latency alarm."""
    return min(_MOST_ANSWER_SECONDS, max(_LEAST_ANSWER_SECONDS, 2 * latency_p99_ms / 1000))


def _permissions(release: Release) -> list[Permission]:
    names, model = release.site.names, release.model.name
    return [
        Permission(
            sid="ProbeTheEndpoint",
            actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
            resources=[release.endpoint_arn],
        ),
        Permission(
            sid="FindRecordedAnswers",
            actions=["sagemaker:DescribeModelPackage"],
            resources=[names.model_packages_arn(model)],
            because="the registry numbers the versions; the group is exact",
        ),
        *read_version(release, step="Evaluate"),
        Permission(
            sid="PublishScores",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": SERVING}},
            because="this action has no resource-level permissions; the namespace is fixed",
        ),
    ]
