"""One environment: its stacks in the order in which they depend on each other."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from constructs import Construct

from mlops.contract import ContractError, Platform, Problem, StageSpec, StagesSpec
from mlops.pipeline import ModelSource
from mlops_constructs.checks.check_plan import planned_release
from mlops_constructs.release import Release
from mlops_constructs.serving_code import ServingCode, serving_code
from mlops_constructs.site import Site
from stacks.batch_stack import BatchStack
from stacks.checks_stack import ChecksStack
from stacks.delivery_stack import add_delivery
from stacks.foundation_stack import FoundationStack
from stacks.monitoring_stack import MonitoringStack
from stacks.overview_stack import OverviewStack
from stacks.registry_stack import RegistryStack
from stacks.release_check_stack import ReleaseCheckStack
from stacks.serving_stack import ServingStack
from stacks.training_stack import TrainingStack

_BOUNDARY_FINDING: Final = "mlops-rules::W9013"
_BOUNDARY_REASON: Final = (
    "the boundary is a policy of the stage's own account, and the CloudFormation role's policy "
    "compares its ARN as text"
)


class MlopsStage(cdk.Stage):
    """Everything in one account and region; `cdk deploy '<stage>/*'` deploys it.

    The foundation is everywhere; the registry and the pipelines are where the stage says that it
    trains; a model is served where a version is pinned.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        stage: StageSpec,
        platform: Platform,
        sources: Sequence[ModelSource],
        commit: str,
    ) -> None:
        super().__init__(
            scope,
            stage.name,
            env=cdk.Environment(account=stage.account, region=stage.region),
            permissions_boundary=_boundary(stage),
        )
        self._site = Site(stage=stage, names=platform.names)
        self._pinned = platform.releases
        self._foundation = FoundationStack(self, "Foundation", site=self._site)
        if stage.trains:
            self._registry = self._registry_stack(platform.model_names)
            for source in sources:
                self._training_stack(source, commit)
        pinned = [
            (source, version)
            for source in sources
            if (version := platform.releases.version(model=source.spec.name, stage=stage.name))
        ]
        checks = [self._serving_stacks(source, version) for source, version in pinned]
        if stage.checks and pinned and len(sources) == len(platform.model_names):
            self._checks_stack(pinned, after=checks)
        if pinned and len(sources) == len(platform.model_names):
            OverviewStack(
                self,
                "Overview",
                site=self._site,
                releases=[self._release(source, version) for source, version in pinned],
            )
        for key, value in sorted(stage.tags.items()):
            cdk.Tags.of(self).add(key, value)
        if stage.permissions_boundary is not None:
            cdk.Validations.of(self).acknowledge(
                cdk.Acknowledgment(id=_BOUNDARY_FINDING, reason=_BOUNDARY_REASON)
            )

    def _registry_stack(self, models: Sequence[str]) -> RegistryStack:
        registry = RegistryStack(self, "Registry", site=self._site, models=models)
        registry.add_stack_dependency(self._foundation)
        return registry

    def _training_stack(self, source: ModelSource, commit: str) -> None:
        training = TrainingStack(
            self,
            f"{source.spec.name}-Training",
            site=self._site,
            source=source,
            key=self._foundation.key,
            commit=commit,
            handlers=serving_code(source).archives.training,
        )
        training.add_stack_dependency(self._registry)

    def _serving_stacks(self, source: ModelSource, version: int) -> ReleaseCheckStack:
        release = self._release(source, version)
        code, key = serving_code(source), self._foundation.key
        serving = ServingStack(
            self, f"{source.spec.name}-Serving", release=release, code=code, key=key
        )
        serving.add_stack_dependency(self._foundation)
        check = ReleaseCheckStack(
            self, f"{source.spec.name}-ReleaseCheck", release=release, code=code, key=key
        )
        check.add_stack_dependency(serving)
        self._monitoring_stack(source, release, code, after=serving)
        self._batch_stack(release, code, after=check)
        return check

    def _monitoring_stack(
        self, source: ModelSource, release: Release, code: ServingCode, *, after: ServingStack
    ) -> None:
        monitoring = MonitoringStack(
            self,
            f"{source.spec.name}-Monitoring",
            release=release,
            source=source,
            code=code,
            key=self._foundation.key,
        )
        monitoring.add_stack_dependency(after)

    def _batch_stack(
        self, release: Release, code: ServingCode, *, after: ReleaseCheckStack
    ) -> None:
        batch = release.model.batch
        if batch is None:
            return
        stack = BatchStack(
            self,
            f"{release.model.name}-Batch",
            release=release,
            batch=batch,
            code=code,
            key=self._foundation.key,
        )
        stack.add_stack_dependency(after)

    def _checks_stack(
        self, pinned: Sequence[tuple[ModelSource, int]], *, after: Sequence[ReleaseCheckStack]
    ) -> None:
        releases = [
            planned_release(self._release(source, version), source, releases=len(pinned))
            for source, version in pinned
        ]
        checks = ChecksStack(
            self,
            "Checks",
            site=self._site,
            releases=releases,
            build_dir=pinned[0][0].code_archive.parent,
            key=self._foundation.key,
        )
        for release_check in after:
            checks.add_stack_dependency(release_check)

    def _release(self, source: ModelSource, version: int) -> Release:
        content = self._pinned.content(model=source.spec.name, version=version)
        return Release(site=self._site, model=source.spec, version=version, content=content)


def _boundary(stage: StageSpec) -> cdk.PermissionsBoundary | None:
    if stage.permissions_boundary is None:
        return None
    return cdk.PermissionsBoundary.from_name(stage.permissions_boundary)


def add_stages(app: cdk.App, *, platform: Platform, sources: Sequence[ModelSource]) -> None:
    """Add every stage and their delivery, or the one stage that `-c stage=` names.

    What `-c commit=` says is what pipelines record.

    Raises:
        ContractError: there is no such stage.
    """
    commit: str = app.node.get_context("commit")
    stages = [
        MlopsStage(app, stage=stage, platform=platform, sources=sources, commit=commit)
        for stage in asked_stages(platform.stages, app.node.try_get_context("stage"))
    ]
    add_delivery(app, platform=platform, stages=stages)


def asked_stages(stages: StagesSpec, name: str | None) -> tuple[StageSpec, ...]:
    """Every stage, or the one of this name.

    Raises:
        ContractError: there is no such stage.
    """
    if name is None:
        return stages.stages
    found = tuple(stage for stage in stages.stages if stage.name == name)
    if not found:
        raise ContractError((_unknown_stage(stages, name),))
    return found


def _unknown_stage(stages: StagesSpec, name: str) -> Problem:
    return Problem(
        file="config/stages.yaml",
        key="stages",
        problem="there is no such stage",
        got=name,
        allowed=", ".join(stage.name for stage in stages.stages),
        remedy="pass one of these with -c stage=",
    )
