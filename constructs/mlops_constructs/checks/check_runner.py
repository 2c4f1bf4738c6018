"""Runs a stage's checks from inside its account and network."""

import json
import math
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops.checks.plan import ONLY, SUMMARY, PlannedRelease
from mlops_constructs.checks.check_archive import PLAN
from mlops_constructs.checks.check_permissions import REPORTS, runner_permissions
from mlops_constructs.function_log_group import function_log_group
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

IMAGE: Final = "aws/codebuild/standard:7.0"
"""It ships Python 3.11 with boto3, which is all that the checks need."""
_PYTHON: Final = "3.11"
_BOTO3: Final = version("boto3")
"""The version that the checks are tested with, for an image that has none."""
_FOLDER: Final = "report"
_MOST_MINUTES: Final = 480
_QUEUED_MINUTES: Final = 60

_Project = codebuild.CfnProject


class CheckRunner(Construct):
    """A build project that nobody but people and the delivery pipeline starts.

    Its report goes to the stage's artifact bucket, one folder for each run, and to CodeBuild.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        releases: Sequence[PlannedRelease],
        archive: Path,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._key = key
        self._code = s3_assets.Asset(self, "Code", path=str(archive))
        self._log = function_log_group(self, "Log", site=site, name="checks", key=key)
        self._group = self._report_group()
        self.role = self._role()
        self.project = self._project(build_minutes(releases, site.stage.checks))

    def _report_group(self) -> str:
        name = f"{self._site.names.checks(self._site.stage)}-results"
        codebuild.CfnReportGroup(
            self,
            "Results",
            name=name,
            type="TEST",
            export_config=codebuild.CfnReportGroup.ReportExportConfigProperty(
                export_config_type="NO_EXPORT"
            ),
            delete_reports=True,
        )
        return self._site.arn("codebuild", f"report-group/{name}")

    def _role(self) -> iam.IRole:
        logging = Permission(
            sid="WriteTheLog",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[self._log.log_group_arn],
        )
        permissions = [
            logging,
            *runner_permissions(
                self._site,
                code=self._code,
                key_arn=self._key.key_arn,
                report_group=self._group,
            ),
        ]
        acknowledge_patterns(self, permissions)
        role = service_role(
            self,
            "Role",
            service="codebuild.amazonaws.com",
            site=self._site,
            permissions=permissions,
        )
        return role.without_policy_updates()

    def _project(self, minutes: int) -> codebuild.CfnProject:
        names, stage = self._site.names, self._site.stage
        return codebuild.CfnProject(
            self,
            "Project",
            name=names.checks(stage),
            description=f"Checks of what {stage.name} serves, run from inside of it",
            service_role=self.role.role_arn,
            source=self._source(),
            artifacts=_artifacts(names.artifact_bucket(stage)),
            environment=_environment(stage.checks),
            encryption_key=self._key.key_arn,
            logs_config=_logs(self._log),
            vpc_config=self._vpc_config(),
            timeout_in_minutes=minutes,
            queued_timeout_in_minutes=_QUEUED_MINUTES,
        )

    def _source(self) -> codebuild.CfnProject.SourceProperty:
        return _Project.SourceProperty(
            type="S3",
            location=f"{self._code.s3_bucket_name}/{self._code.s3_object_key}",
            build_spec=json.dumps(specification(self._group), indent=1),
        )

    def _vpc_config(self) -> codebuild.CfnProject.VpcConfigProperty | None:
        network = self._site.stage.network
        if network is None:
            return None
        return _Project.VpcConfigProperty(
            vpc_id=network.vpc_id,
            subnets=list(network.subnet_ids),
            security_group_ids=list(network.security_group_ids),
        )


def specification(report_group: str) -> dict[str, object]:
    """What a build does; the report is kept and the summary told whatever the checks say."""
    run = f"python -m mlops.checks {PLAN} --report {_FOLDER} ${{{ONLY}:-}}"
    return {
        "version": "0.2",
        "env": {"exported-variables": [SUMMARY]},
        "phases": {
            "install": {
                "runtime-versions": {"python": _PYTHON},
                # The image has it today; nobody promises that for its next version.
                "commands": [
                    f'python -c "import boto3" || python -m pip install -q boto3=={_BOTO3}'
                ],
            },
            "build": {"commands": [run]},
            "post_build": {"commands": [f'export {SUMMARY}="$(cat {_FOLDER}/summary.txt)"']},
        },
        "reports": {
            report_group: {
                "files": ["report.xml"],
                "base-directory": _FOLDER,
                "file-format": "JUNITXML",
            }
        },
        "artifacts": {"files": ["**/*"], "base-directory": _FOLDER},
    }


def build_minutes(releases: Sequence[PlannedRelease], checks: Sequence[str]) -> int:
    """How long the checks of these releases may take, CodeBuild's eight hours at most."""
    smoke = 15 + 2 * len(releases)
    integration = 15 * math.ceil(len(releases) / 8) if "integration" in checks else 0
    loads = sum(release.traffic.minutes + 2 for release in releases) if "load" in checks else 0
    return min(_MOST_MINUTES, math.ceil(smoke + integration + loads))


def _artifacts(bucket: str) -> codebuild.CfnProject.ArtifactsProperty:
    return _Project.ArtifactsProperty(
        type="S3",
        location=bucket,
        path=REPORTS,
        namespace_type="BUILD_ID",
        name=_FOLDER,
        packaging="NONE",
    )


def _environment(checks: Sequence[str]) -> codebuild.CfnProject.EnvironmentProperty:
    # A generator that shares two processors would be late itself.
    size = "MEDIUM" if "load" in checks else "SMALL"
    return _Project.EnvironmentProperty(
        type="LINUX_CONTAINER",
        compute_type=f"BUILD_GENERAL1_{size}",
        image=IMAGE,
        # The global endpoint of STS cannot be reached from a private network.
        environment_variables=[
            _Project.EnvironmentVariableProperty(
                name="AWS_STS_REGIONAL_ENDPOINTS", value="regional"
            )
        ],
    )


def _logs(group: logs.ILogGroup) -> codebuild.CfnProject.LogsConfigProperty:
    return _Project.LogsConfigProperty(
        cloud_watch_logs=_Project.CloudWatchLogsConfigProperty(
            status="ENABLED", group_name=group.log_group_name
        )
    )
