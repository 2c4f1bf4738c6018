"""The drift job of a model in a stage: a small pipeline that runs by the clock."""

import json
from pathlib import Path
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.contract import ModelSpec
from mlops.pipeline import ModelSource
from mlops.pipeline.drift_definition import DriftJob as Definition
from mlops.pipeline.drift_definition import drift_definition
from mlops_constructs.monitoring.drift_roles import (
    DriftRoles,
    find_window_permissions,
    publish_permissions,
)
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.release import VARIANT, Release

_TIMEOUT_MINUTES: Final = 60
_THRESHOLDS: Final = {
    "psi", "minimum_rows", "ignored", "limits", "compare_within", "gap_tolerance",
}  # fmt: skip


class DriftJob(Construct):
    """Finds the window's files, looks for drift in isolation, publishes what was found.

    The job runs the code of this commit in the model's image, against the baseline that the
    deployed version was registered with.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        source: ModelSource,
        archive: Path,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self._release = release
        self._archive = archive
        self._key = key
        self._code = s3_assets.Asset(self, "Code", path=str(source.code_archive))
        self._find_window = self._function("FindWindow", self._finding())
        self._publish = self._function("Publish", self._publishing())
        self._roles = DriftRoles(
            self, "Roles", release=release, key=key, code=self._code,
            functions=[self._find_window.function, self._publish.function],
        )  # fmt: skip
        self.pipeline = self._pipeline(source.image_tag)

    @property
    def arn(self) -> str:
        """ARN of the pipeline."""
        release = self._release
        return release.site.names.drift_pipeline_arn(release.site.stage, release.model.name)

    @property
    def purpose(self) -> str:
        """What it is for, in words."""
        return f"Looks for drift in the traffic of {self._release.endpoint_name}"

    def _function(self, id_: str, task: Task) -> PlatformFunction:
        return PlatformFunction(
            self,
            id_,
            site=self._release.site,
            model=self._release.model.name,
            task=task,
            archive=self._archive,
            key=self._key,
        )

    def _finding(self) -> Task:
        release, names = self._release, self._release.site.names
        stage, model = release.site.stage, release.model
        labels = model.monitoring.labels
        return Task(
            name="find-window",
            description=f"Lists what {release.endpoint_name} captured",
            module="monitoring.find_window",
            permissions=find_window_permissions(release, key_arn=self._key.key_arn),
            minutes=5,
            environment={
                "BUCKET": names.capture_bucket(stage),
                "CAPTURES": names.captures(stage, model.name, VARIANT),
                "GROUND_TRUTH": names.ground_truth(stage, model.name),
                "JOB": json.dumps(job_settings(release), sort_keys=True),
                "LABEL_DELAY_DAYS": str(labels.delay_days if labels else 0),
                "PACKAGE": release.package_arn,
                "REPORTS": names.drift_reports(model.name),
                "WINDOW_DAYS": str(model.monitoring.window_days),
            },
        )

    def _publishing(self) -> Task:
        release, names = self._release, self._release.site.names
        return Task(
            name="publish-drift",
            description=f"Publishes how the traffic of {release.endpoint_name} drifted",
            module="monitoring.publish_drift",
            permissions=publish_permissions(release, key_arn=self._key.key_arn),
            minutes=1,
            environment={
                "ENDPOINT_NAME": release.endpoint_name,
                "MODEL": release.model.name,
                "STAGE": release.site.stage.name,
                "TRAINING_BUS": names.training_bus_arn,
                "VARIANT": VARIANT,
            },
        )

    def _pipeline(self, image_tag: str) -> sagemaker.CfnPipeline:
        release, names = self._release, self._release.site.names
        name = names.drift_pipeline(release.site.stage, release.model.name)
        definition = drift_definition(
            Definition(
                find_window_arn=self._find_window.function.function_arn,
                publish_arn=self._publish.function.function_arn,
                role_arn=self._roles.job.role_arn,
                image_uri=names.image_uri(release.model.name, image_tag),
                code_uri=self._code.s3_object_url,
                key_arn=self._key.key_arn,
                instance_type=release.model.pipeline.steps.evaluate.instance_type,
                timeout_minutes=_TIMEOUT_MINUTES,
                labelled=release.model.monitoring.labels is not None,
                network=release.site.stage.network,
            )
        )
        return sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            pipeline_display_name=name,
            pipeline_definition={
                "PipelineDefinitionBody": Stack.of(self).to_json_string(definition)
            },
            role_arn=self._roles.pipeline.role_arn,
        )


def job_settings(release: Release) -> dict[str, Any]:
    """What the job is told beside the contract; docs/concepts/drift.md says what each key means."""
    model, stage = release.model, release.site.stage
    per_day = 24 * 60 * release.traffic.callers_per_minute
    share = model.endpoint.capture.sampling_percent / 100
    return {
        "about": {"model": model.name, "stage": stage.name, "version": str(release.version)},
        # Nothing is missing where nobody calls.
        "expected_requests": per_day * model.monitoring.window_days * share or None,
        "captured_share": share,
        "settings": _thresholds(model),
        **_outcome(model),
    }


def _outcome(model: ModelSpec) -> dict[str, Any]:
    labels = model.monitoring.labels
    if labels is None:
        return {}
    return {"outcome": labels.model_dump(mode="json", exclude={"delay_days"}, exclude_none=True)}


def _thresholds(model: ModelSpec) -> dict[str, Any]:
    monitoring = model.monitoring
    given = monitoring.model_dump(mode="json", include=_THRESHOLDS, exclude_none=True)
    groups = [group.field for group in model.problem.groups]
    return given | ({"groups": groups} if groups else {})
