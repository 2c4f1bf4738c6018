"""A registered version as something that an endpoint can run."""

from aws_cdk import CfnDeletionPolicy, CfnResource, CfnTag
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.rollout.release import ENDPOINT_TAG, RELEASE_TAG
from mlops_constructs.model_network import model_network
from mlops_constructs.permission import acknowledge_patterns
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
        self.model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=self.role.role_arn,
            containers=[self._container()],
            enable_network_isolation=True,
            vpc_config=model_network(release.site),
            tags=release_tags(release),
        )
        keep_replaced(self.model)

    def _container(self) -> sagemaker.CfnModel.ContainerDefinitionProperty:
        return sagemaker.CfnModel.ContainerDefinitionProperty(
            model_package_name=self._release.package_arn,
            environment={
                **self._release.proof,
                "MODEL_VERSION": str(self._release.version),
                # Carries every setting of the release into the model, so that any change of them
                # makes a new model, a new endpoint config and with it a canary: what an update to
                # the config in force does is not documented.
                "MODEL_RELEASE": self._release.hash,
                **self._release.body_limit,
            },
        )

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


def release_tags(release: Release) -> list[CfnTag]:
    """Tags that say which release a thing is, and of which endpoint."""
    return [
        CfnTag(key=ENDPOINT_TAG, value=release.endpoint_name),
        CfnTag(key=RELEASE_TAG, value=release.hash),
    ]


def keep_replaced(resource: CfnResource) -> None:
    """Keep what a release replaces, and what it made when CloudFormation takes it back.

    A rolled-back endpoint may run the one, and the report of the rollback reads the other. Neither
    has a name of its own, so nothing is in the way of a retry; the janitor clears both away.
    """
    resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
    resource.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN
