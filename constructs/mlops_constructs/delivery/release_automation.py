"""The build that turns approvals and rollbacks into commits."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops.contract import Source
from mlops_constructs.delivery.delivery_steps import RUNTIMES
from mlops_constructs.delivery.release_credentials import push_permission, repository_url
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role

_SCRIPT: Final = Path(__file__).with_name("automate_releases.sh")
_MINUTES: Final = 15


def automation_script() -> str:
    """The script that the build runs, to be carried by the project."""
    return _SCRIPT.read_text("utf-8")


class ReleaseAutomation(Construct):
    """A project that clones the followed repository, moves pins there, and pushes.

    It decides from the state that it finds, whatever woke it. Builds may run at the same time: a
    limit of one would refuse a wake-up and lose it, while of two pushes the later one is refused,
    and that build looks again.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: DeliverySite,
        source: Source,
        script: str,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._source = source
        log_group = self._log_group(key)
        self.project = codebuild.Project(
            self,
            "Project",
            project_name=site.release_automation,
            description="Moves the pins of config/releases.yaml after approvals and rollbacks",
            role=self._role(log_group),
            build_spec=_specification(script),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0,
                compute_type=codebuild.ComputeType.SMALL,
            ),
            environment_variables=self._variables(),
            encryption_key=key,
            timeout=cdk.Duration.minutes(_MINUTES),
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)
            ),
        )

    def _variables(self) -> dict[str, codebuild.BuildEnvironmentVariable]:
        given = {
            "BRANCH": self._source.branch,
            "REPOSITORY": repository_url(self._site, self._source),
            "SECRET": self._source.credentials,
        }
        return {
            name: codebuild.BuildEnvironmentVariable(value=value)
            for name, value in given.items()
            if value is not None
        }

    def _log_group(self, key: kms.IKey) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=self._site.log_group("release-automation"),
            encryption_key=key,
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def _role(self, log_group: logs.ILogGroup) -> iam.IRole:
        role = service_role(
            self,
            "Role",
            service="codebuild.amazonaws.com",
            site=self._site,
            permissions=[
                self._stages(),
                push_permission(self._site, self._source),
                Permission(
                    sid="WriteTheLog",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log_group.log_group_arn],
                ),
            ],
            name=self._site.release_automation,
        )
        return role.without_policy_updates()

    def _stages(self) -> Permission:
        names = self._site.names
        records = [names.release_records_role(stage) for stage in names.stages.stages]
        return Permission(
            sid="ReadStagesAndReject",
            actions=["sts:AssumeRole"],
            resources=[names.release_decisions_role, *records],
        )


def _specification(script: str) -> codebuild.BuildSpec:
    install = {"runtime-versions": {"python": RUNTIMES["python"]}}
    # As a program of its own: its settings end with it, whatever CodeBuild runs around it.
    run = (
        f"cat > /tmp/automate-releases.sh <<'SCRIPT'\n{script}SCRIPT\nsh /tmp/automate-releases.sh"
    )
    return codebuild.BuildSpec.from_object(
        {"version": "0.2", "phases": {"install": install, "build": {"commands": [run]}}}
    )
