"""A registered version as something that an endpoint can run."""

from aws_cdk import CfnDeletionPolicy, CfnResource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs.permission import acknowledge_patterns
from mlops_constructs.properties import ROLE, arguments, filled
from mlops_constructs.release import Release
from mlops_constructs.service_role import service_role
from mlops_constructs.serving_permissions import execution_permissions


class ServedModel(Construct):
    """A model made from the pinned package, and the role under which its container runs.

    A replaced model is kept: an endpoint that SageMaker rolled back still runs it.
    """

    def __init__(self, scope: Construct, id_: str, *, release: Release, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._release = release
        self.role = self._role(key)
        properties = filled(release.deployed.model, {ROLE: self.role.role_arn})
        self.model = sagemaker.CfnModel(self, "Model", **arguments(properties))
        keep_replaced(self.model)

    def _role(self, key: kms.IKey) -> iam.IRole:
        permissions = execution_permissions(self._release, key_arn=key.key_arn)
        acknowledge_patterns(self, permissions)
        role = service_role(
            self,
            "Role",
            service="sagemaker.amazonaws.com",
            site=self._release.site,
            permissions=permissions,
        )
        return role.without_policy_updates()


def keep_replaced(resource: CfnResource) -> None:
    """Keep what a release replaces, and what it made when CloudFormation takes it back.

    A rolled-back endpoint may run the one, and the report of the rollback reads the other. Neither
    has a name of its own, so nothing is in the way of a retry; the janitor clears both away.
    """
    resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
    resource.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN
