"""Lets the delivery pipeline start a stage's checks, and nothing else."""

from typing import Final

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.site import Site

# Whoever starts a build may hand it other commands, code, variables or another role. These keys are
# absent from a request that hands over nothing.
_OVERRIDES: Final = (
    "codebuild:artifacts",
    "codebuild:environment.environmentVariables",
    "codebuild:environment.image",
    "codebuild:secondarySources",
    "codebuild:serviceRole",
    "codebuild:source.buildspec",
    "codebuild:source.location",
)


class CheckStarter(Construct):
    """A role of this stage for exactly one role of the delivery account.

    IAM refuses a trust policy that names a role which does not exist yet, so the account is named
    and a condition says which of its roles.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        names = site.names
        condition = {"ArnEquals": {"aws:PrincipalArn": names.verification_role}}
        iam.Role(
            self,
            "Role",
            role_name=names.checks_starter_role(site.stage).rpartition("/")[2],
            description=f"Starts the checks of {site.stage.name} for the delivery pipeline",
            assumed_by=iam.AccountPrincipal(names.stages.delivery.account).with_conditions(
                condition
            ),
            inline_policies={"Permissions": _document(site)},
        )


def _document(site: Site) -> iam.PolicyDocument:
    project = site.arn("codebuild", f"project/{site.names.checks(site.stage)}")
    permissions = (
        Permission(
            sid="StartAsItIs",
            actions=["codebuild:StartBuild"],
            resources=[project],
            conditions={"Null": dict.fromkeys(_OVERRIDES, "true")},
        ),
        Permission(sid="Wait", actions=["codebuild:BatchGetBuilds"], resources=[project]),
    )
    statements = [permission.statement for permission in permissions]
    return iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": statements})
