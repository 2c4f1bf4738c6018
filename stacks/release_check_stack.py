"""Whether a release may be promoted, apart from the stack that released it."""

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.release import Release
from mlops_constructs.rollout.release_check import ReleaseCheck, check_stack_name
from mlops_constructs.serving_code import ServingCode


class ReleaseCheckStack(Stack):
    """One check in a stack of its own.

    If it fails, CloudFormation rolls back this stack and not the endpoint: an update of an endpoint
    to the config that it already runs is a case that AWS does not document.
    """

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, code: ServingCode, key: kms.IKey
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=check_stack_name(release),
            description=f"Is the requested release of {release.endpoint_name} live and proven?",
        )
        ReleaseCheck(self, "ReleaseCheck", release=release, archive=code.archives.rollout, key=key)
