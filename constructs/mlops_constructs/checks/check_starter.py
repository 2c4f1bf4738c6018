"""Lets the delivery pipeline start a stage's checks, and nothing else."""

from typing import Final

from constructs import Construct

from mlops_constructs.cross_account_role import cross_account_role
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
    """A role of this stage for exactly one role of the delivery account."""

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        names = site.names
        project = site.arn("codebuild", f"project/{names.checks(site.stage)}")
        cross_account_role(
            self,
            "Role",
            names=site.names,
            arn=names.checks_starter_role(site.stage),
            trusted=names.verification_role,
            permissions=[
                Permission(
                    sid="StartAsItIs",
                    actions=["codebuild:StartBuild"],
                    resources=[project],
                    conditions={"Null": dict.fromkeys(_OVERRIDES, "true")},
                ),
                Permission(sid="Wait", actions=["codebuild:BatchGetBuilds"], resources=[project]),
            ],
        )
