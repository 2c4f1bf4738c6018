"""Who the pipeline is when it asks before a deployment and starts the checks after one."""

from collections.abc import Iterator, Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.permission import Permission
from mlops_constructs.service_role import policy_document


def verification_role(
    scope: Construct, id_: str, *, site: DeliverySite, models: Sequence[str]
) -> iam.Role:
    """A role that reads images, and takes the stages' reading and starting roles.

    It is named, so that the stages can trust exactly it.
    """
    return iam.Role(
        scope,
        id_,
        role_name=site.names.verification_role.rpartition("/")[2],
        description="Asks before a stage is deployed, and starts its checks afterwards",
        assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com", conditions=site.from_here),
        inline_policies={"Permissions": policy_document(list(_permissions(site, models)))},
    )


def lookup_role(account: str, region: str) -> str:
    """ARN of the role that bootstrap makes for looking things up; it may read and nothing else."""
    return f"arn:aws:iam::{account}:role/cdk-hnb659fds-lookup-role-{account}-{region}"


def _permissions(site: DeliverySite, models: Sequence[str]) -> Iterator[Permission]:
    names, stages = site.names, site.names.stages.stages
    repositories = [names.image_repository_arn(model) for model in models]
    yield Permission(sid="FindImages", actions=["ecr:DescribeImages"], resources=repositories)
    yield Permission(
        sid="ReadTheStages",
        actions=["sts:AssumeRole"],
        resources=_each_once([lookup_role(stage.account, stage.region) for stage in stages]),
    )
    checked = [names.checks_starter_role(stage) for stage in stages if stage.checks]
    if checked:
        yield Permission(sid="StartChecks", actions=["sts:AssumeRole"], resources=checked)


def _each_once(arns: Sequence[str]) -> list[str]:
    """Two stages may share an account."""
    return list(dict.fromkeys(arns))
