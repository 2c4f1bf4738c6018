"""The registry's place for all versions of one model."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs.organization import for_members
from mlops_constructs.site import Site


class ModelPackageGroup(Construct):
    """A group that outlives its stack; the configured stages may read it and create models from it.

    Name and description can never be changed in place, so both follow from the model's name alone.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, model: str) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._model = model
        self.group = sagemaker.CfnModelPackageGroup(
            self,
            "Group",
            model_package_group_name=site.names.model_package_group(model),
            model_package_group_description=f"Versions of the model {model}",
            model_package_group_policy=self._policy() if site.model_readers else None,
        )
        self.group.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    def _policy(self) -> dict[str, object]:
        names = self._site.names
        return {
            "Version": "2012-10-17",
            "Statement": [
                self._allow(
                    "StagesDescribeTheGroup",
                    ["sagemaker:DescribeModelPackageGroup"],
                    names.model_package_group_arn(self._model),
                ),
                self._allow(
                    "StagesUseVersions",
                    [
                        "sagemaker:CreateModel",
                        "sagemaker:DescribeModelPackage",
                        "sagemaker:ListModelPackages",
                    ],
                    names.model_packages_arn(self._model),
                ),
            ],
        }

    def _allow(self, sid: str, actions: list[str], resource: str) -> dict[str, object]:
        accounts = [f"arn:aws:iam::{account}:root" for account in self._site.model_readers]
        conditions = for_members(self._site.names)
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"AWS": accounts},
            "Action": actions,
            "Resource": resource,
        } | ({"Condition": conditions} if conditions else {})
