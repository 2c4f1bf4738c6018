"""What the release automation may do in the registry: read it, and reject."""

from typing import Final

from constructs import Construct

from mlops_constructs.cross_account_role import cross_account_role
from mlops_constructs.permission import Permission
from mlops_constructs.site import Site

_BECAUSE: Final = (
    "all of the project's models: their ARNs one by one would not fit into a role's policy, and "
    "the registry numbers the versions"
)


class ReleaseDecisions(Construct):
    """A role that the release automation assumes; approving stays with people.

    `UpdateModelPackage` is allowed for calls that set the status to Rejected. A call that sets
    another status, or none, is not allowed: the condition's key is then another one, or missing.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        names = site.names
        self.role = cross_account_role(
            self,
            "Role",
            names=site.names,
            arn=names.release_decisions_role,
            trusted=names.release_automation_role,
            permissions=_permissions(
                group=names.model_package_group_arn("*"), versions=names.model_packages_arn("*")
            ),
        )


def _permissions(*, group: str, versions: str) -> list[Permission]:
    return [
        Permission(
            sid="ReadTheRegistry",
            actions=[
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:ListModelPackages",
            ],
            resources=[group, versions],
            because=_BECAUSE,
        ),
        Permission(
            sid="RejectVersions",
            actions=["sagemaker:UpdateModelPackage"],
            resources=[versions],
            conditions={"StringEquals": {"sagemaker:ModelApprovalStatus": "Rejected"}},
            because=_BECAUSE,
        ),
    ]
