"""A registered version as something that Batch Transform can run."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.contract import BatchSpec
from mlops.pipeline.batch_definition import most_rows
from mlops_constructs import job_permissions as jobs
from mlops_constructs.model_network import model_network
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.properties import nested
from mlops_constructs.release import Release
from mlops_constructs.service_role import service_role
from mlops_constructs.serving_permissions import read_version

_MEGABYTE = 1024 * 1024


class BatchModel(Construct):
    """The pinned package once more: the same container, told that a request may hold many rows.

    A model of its own, because the endpoint's stays in force while a release is under way.
    """

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, batch: BatchSpec, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self._release = release
        self.role = self._role(key)
        self.model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=self.role.role_arn,
            containers=[self._container(batch)],
            enable_network_isolation=True,
            vpc_config=nested(model_network(release.site)),
        )

    def _container(self, batch: BatchSpec) -> sagemaker.CfnModel.ContainerDefinitionProperty:
        return sagemaker.CfnModel.ContainerDefinitionProperty(
            model_package_name=self._release.package_arn,
            environment={
                **self._release.proof,
                "MODEL_VERSION": str(self._release.version),
                "MAX_BODY_BYTES": str(batch.max_payload_mb * _MEGABYTE),
                "MAX_ROWS": str(most_rows(batch.max_payload_mb)),
                "MODEL_STUCK_SECONDS": str(batch.timeout_seconds),
            },
        )

    def _role(self, key: kms.IKey) -> iam.IRole:
        permissions = batch_permissions(self._release, key_arn=key.key_arn)
        acknowledge_patterns(self, permissions)
        role = service_role(
            self,
            "Role",
            service="sagemaker.amazonaws.com",
            site=self._release.site,
            permissions=permissions,
        )
        return role.without_policy_updates()


def batch_permissions(release: Release, *, key_arn: str) -> list[Permission]:
    """Load one model, read this model's files, write their answers; nothing else."""
    site, model = release.site, release.model.name
    bucket, prefix = site.names.artifact_bucket(site.stage), site.names.batch_prefix(model)
    return [
        *jobs.pull_image(site, model=model),
        *read_version(release, step="Train"),
        *jobs.report(site, kind="Transform"),
        *jobs.read_object(sid="Inputs", bucket=bucket, key=f"{prefix}/input/*"),
        *jobs.read_object(sid="Manifests", bucket=bucket, key=f"{prefix}/runs/*"),
        *jobs.write_objects(bucket=bucket, key=f"{prefix}/output/*"),
        *jobs.use_key(key_arn),
        *jobs.encrypt_volumes(site, key_arn=key_arn),
        *jobs.join_network(site),
    ]
