"""The functions behind the Lambda steps of a training pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs.function_log_group import function_log_group
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

_HANDLERS: Final = Path(__file__).parent / "handlers"


@dataclass(frozen=True, kw_only=True)
class StepTask:
    """What a step asks of its function, and everything that the function may touch."""

    name: str
    description: str
    module: str
    permissions: Sequence[Permission]
    environment: Mapping[str, str] = field(default_factory=dict)


class StepFunction(Construct):
    """Answers one step of one model's pipeline, and can do nothing else but write its log."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        model: str,
        task: StepTask,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._task = task
        log_group = function_log_group(self, "Log", site=site, name=f"{model}/{task.name}", key=key)
        self.function = self._function(log_group)

    def _function(self, log_group: logs.ILogGroup) -> lambda_.Function:
        module = self._task.module
        function = lambda_.Function(
            self,
            "Function",
            description=self._task.description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{module}.handler",
            # Alone: a change of the other handlers is no change of this function.
            code=lambda_.Code.from_asset(str(_HANDLERS), exclude=["*", f"!{module}.py"]),
            memory_size=256,
            timeout=Duration.seconds(60),
            environment=dict(self._task.environment) or None,
            role=self._role(log_group),
            log_group=log_group,
        )
        _without_redundant_dependency(function)
        return function

    def _role(self, log_group: logs.ILogGroup) -> iam.IRole:
        permissions = [*self._task.permissions, _logging(log_group)]
        acknowledge_patterns(self, permissions)
        role = service_role(
            self,
            "Role",
            service="lambda.amazonaws.com",
            site=self._site,
            permissions=permissions,
        )
        return role.without_policy_updates()


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
