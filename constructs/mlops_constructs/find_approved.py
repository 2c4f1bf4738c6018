"""The function behind the pipeline's step FindApproved."""

from pathlib import Path
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops.contract import ModelSpec
from mlops_constructs.function_log_group import function_log_group
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

_HANDLERS: Final = Path(__file__).parent / "handlers"


class FindApproved(Construct):
    """Reads one model package group and one image repository, and writes its log; nothing else."""

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, model: ModelSpec, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._model = model
        log_group = function_log_group(
            self, "Log", site=site, name=f"{model.name}/find-approved", key=key
        )
        self.function = self._function(log_group)

    def _function(self, log_group: logs.ILogGroup) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description=f"Newest approved version of {self._model.name}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="find_approved.handler",
            # Alone: a change of the other handlers is no change of this function.
            code=lambda_.Code.from_asset(str(_HANDLERS), exclude=["*", "!find_approved.py"]),
            memory_size=256,
            timeout=Duration.seconds(60),
            role=self._role(log_group),
            log_group=log_group,
        )
        _without_redundant_dependency(function)
        return function

    def _role(self, log_group: logs.ILogGroup) -> iam.IRole:
        permissions = [*self._reading(), _logging(log_group)]
        acknowledge_patterns(self, permissions)
        role = service_role(
            self,
            "Role",
            service="lambda.amazonaws.com",
            site=self._site,
            permissions=permissions,
        )
        return role.without_policy_updates()

    def _reading(self) -> list[Permission]:
        names, model = self._site.names, self._model.name
        return [
            Permission(
                sid="ReadTheGroup",
                actions=["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
                resources=[names.model_package_group_arn(model), names.model_packages_arn(model)],
                because="the registry numbers the versions; the group is exact",
            ),
            Permission(
                sid="FindTheImage",
                actions=["ecr:DescribeImages"],
                resources=[names.image_repository_arn(model)],
            ),
        ]


def _logging(log_group: logs.ILogGroup) -> Permission:
    return Permission(
        sid="WriteTheLog",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group.log_group_arn],
    )


def _without_redundant_dependency(function: lambda_.Function) -> None:
    """The role's ARN already makes CloudFormation wait for the role and its inline policy."""
    resource = function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)
    resource.add_deletion_override("DependsOn")
