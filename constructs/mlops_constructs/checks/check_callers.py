"""Roles that may do what an application may, for checks that act as one."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops.checks.plan import PlannedRelease
from mlops_constructs.site import Site


class CheckCallers(Construct):
    """For each model a role with the published policy alone; only the runner may take it."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        releases: Sequence[PlannedRelease],
        runner: iam.IRole,
    ) -> None:
        super().__init__(scope, id_)
        for release in releases:
            policy = site.names.invoke_policy(site.stage, release.model)
            iam.Role(
                self,
                release.model,
                role_name=release.caller_role.rpartition("/")[2],
                description=f"Calls {release.endpoint} as an application would",
                assumed_by=iam.ArnPrincipal(runner.role_arn),
                managed_policies=[
                    iam.ManagedPolicy.from_managed_policy_arn(
                        self, f"{release.model}-Invoke", policy
                    )
                ],
            )
