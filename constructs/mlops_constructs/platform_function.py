"""A function of the platform: one handler, one role, one log."""

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

import mlops_handlers
from mlops_constructs.function_log_group import function_log_group
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

_HANDLERS: Final = Path(mlops_handlers.__file__).parent


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a function does, and everything that it may touch."""

    name: str
    description: str
    module: str
    """Of the handler, below `mlops_handlers`: `rollout.prober`."""
    permissions: Sequence[Permission]
    minutes: int
    environment: Mapping[str, str] = field(default_factory=dict)
    dead_letter_queue_arn: str | None = None
    """Queue that keeps an event at which the function failed for good; none: nothing is kept."""

    @property
    def keeping(self) -> list[Permission]:
        """What keeping such an event takes."""
        if self.dead_letter_queue_arn is None:
            return []
        queue = [self.dead_letter_queue_arn]
        return [Permission(sid="KeepWhatFailed", actions=["sqs:SendMessage"], resources=queue)]


class PlatformFunction(Construct):
    """Runs one handler outside of any network.

    Args:
        archive: what the handler imports of the platform, and the handler; None: it imports
            nothing of the platform and is packed alone, so that a change of the others is no
            change of this function.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        model: str,
        task: Task,
        archive: Path | None,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._task = task
        name = f"{model}/{task.name}"
        log_group = function_log_group(self, "Log", site=site, name=name, key=key)
        self.function = self._function(log_group, archive)

    def _function(self, log_group: logs.ILogGroup, archive: Path | None) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description=self._task.description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=self._handler(archive),
            code=self._code(archive),
            memory_size=256,
            timeout=Duration.minutes(self._task.minutes),
            environment=dict(self._task.environment) or None,
            role=self._role(log_group),
            log_group=log_group,
        )
        resource = function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)
        # The role's ARN already makes CloudFormation wait for the role and its inline policy.
        resource.add_deletion_override("DependsOn")
        if self._task.dead_letter_queue_arn is not None:
            # Not through the library: it would write the permission into a policy of its own.
            resource.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(
                target_arn=self._task.dead_letter_queue_arn
            )
        return function

    def _handler(self, archive: Path | None) -> str:
        _, _, module = self._task.module.partition(".")
        return f"{module if archive is None else f'mlops_handlers.{self._task.module}'}.handler"

    def _code(self, archive: Path | None) -> lambda_.AssetCode:
        if archive is not None:
            return lambda_.Code.from_asset(str(archive))
        room, _, module = self._task.module.partition(".")
        alone = ["*", f"!{module}.py"]
        return lambda_.Code.from_asset(str(_HANDLERS / room), exclude=alone)

    def _role(self, log_group: logs.ILogGroup) -> iam.IRole:
        logging = Permission(
            sid="WriteTheLog",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn],
        )
        permissions = [*self._task.permissions, *self._task.keeping, logging]
        acknowledge_patterns(self, permissions)
        role = service_role(
            self,
            "Role",
            service="lambda.amazonaws.com",
            site=self._site,
            permissions=permissions,
        )
        return role.without_policy_updates()
