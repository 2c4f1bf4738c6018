"""Finds what a deployment on one endpoint needs: the template, both versions, rows to send."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.contract import ModelSpec, Platform, StageSpec, read_examples
from mlops.dashboards import Served
from mlops.registry import (
    MissingGroupError,
    ModelVersion,
    SageMakerClient,
    list_versions,
    local_client,
    recorded_archive,
)
from mlops.rehearsal.approval import approved, require_approved, unapproved
from mlops.rehearsal.canary.endpoint import GuardedEndpoint
from mlops.rehearsal.canary.fleet import Release
from mlops.rehearsal.canary.prober import DeployedProber
from mlops.rehearsal.canary.rows import example_requests, held_out_requests
from mlops.rehearsal.canary.scene import Candidate, Stage
from mlops.rehearsal.canary.template import guarded_endpoint, prober_of
from mlops.rehearsal.canary.traffic import Request
from mlops.rehearsal.chosen_stage import unserved_remedy
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.environment import ModelEnvironment
from mlops.rehearsal.workspace import Workspace
from mlops.rollout.content import VARIABLE


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Collects what the deployments on one stage's endpoint have in common."""

    platform: Platform
    spec: ModelSpec
    stage: StageSpec
    workspace: Workspace
    id: str
    released: int | None = None
    """Version in service; None: the pinned one, else the newest that was approved."""
    candidate: int | None = None
    """Version to deploy, whatever its approval; None: the newest, which must be approved."""
    seed: int = 0
    scale: float | None = None

    @property
    def served(self) -> Served:
        """The model as the stage's dashboard sees it."""
        return Served.of(self.platform.names, self.stage, self.spec)

    def prepared(
        self, assembly: Assembly, python: Path | None, say: Callable[[str], None]
    ) -> Stage:
        """The stage, ready for a deployment.

        Raises:
            RehearsalError: there is nothing to deploy, or the template breaks a rule.
        """
        names = self.platform.names
        endpoint = guarded_endpoint(
            assembly,
            names.endpoint(self.stage, self.spec.name),
            remedy=unserved_remedy(self.platform, self.spec.name, self.stage),
        )
        blue, green = self._versions()
        for told in filter(None, map(unapproved, dict.fromkeys((blue, green)))):
            say(told)
        say(
            f"{endpoint.name}: version {green.number} over version {blue.number}, "
            f"{endpoint.policy.strategy}, {endpoint.duration_seconds / 60:g} minutes of baking, "
            f"{len(endpoint.alarms)} rollback alarms"
        )
        canary = self.stage.canary.applied_to(self.spec.endpoint.canary)
        return Stage(
            endpoint=endpoint,
            blue=self._candidate(blue, endpoint),
            green=self._candidate(green, endpoint),
            requests=self._requests(),
            per_minute=self.platform.stages.callers_per_minute(self.stage, self.spec.endpoint),
            objective_seconds=self.spec.endpoint.latency_p99_ms / 1000,
            minimum_invocations=endpoint.minimum_invocations or canary.minimum_invocations,
            python=python or self._environment.ensure(say),
            storage=self.workspace.storage,
            folder=self.workspace.execution(self.id),
            seed=self.seed,
            scale=self.scale,
            prober=self._prober(assembly, endpoint.name),
        )

    def _prober(self, assembly: Assembly, endpoint: str) -> DeployedProber | None:
        found = prober_of(assembly, endpoint)
        if found is None:
            return None
        return DeployedProber(
            function=found[0],
            place=found[1],
            registry=self.workspace.registry,
            storage=self.workspace.storage.folder,
        )

    @property
    def _environment(self) -> ModelEnvironment:
        return ModelEnvironment(
            lock=self._model_folder / "requirements.lock", home=self.workspace.environments
        )

    @property
    def _model_folder(self) -> Path:
        return self.platform.root / "model_code" / self.spec.folder

    @property
    def _client(self) -> SageMakerClient:
        training = self.platform.stages.training
        return local_client(
            self.workspace.registry, account=training.account, region=training.region
        )

    def _versions(self) -> tuple[ModelVersion, ModelVersion]:
        """The released version and the candidate.

        Raises:
            RehearsalError: there is none, or nobody approved the one that nobody named.
        """
        group = self.platform.names.model_package_group(self.spec.name)
        try:
            versions = {one.number: one for one in list_versions(self._client, group)}
        except MissingGroupError:
            versions = {}
        if not versions:
            raise RehearsalError(
                f"{group}: no version is registered here; "
                f"remedy: mlops rehearse pipeline {self.spec.name} --approve"
            )
        candidate = self.candidate or max(versions)
        if candidate not in versions:
            raise RehearsalError(
                f"--candidate {candidate}: there is no such version; "
                f"allowed: {', '.join(str(number) for number in sorted(versions))}"
            )
        if self.candidate is None:
            require_approved(versions[candidate], model=self.spec.name, versions=versions.values())
        return versions[self._released(versions)], versions[candidate]

    def _released(self, versions: Mapping[int, ModelVersion]) -> int:
        if self.released is not None:
            return self.released
        pinned = self.platform.releases.version(model=self.spec.name, stage=self.stage.name)
        if pinned is not None and pinned in versions:
            return pinned
        return max(approved(versions.values()) or versions)

    def _candidate(self, version: ModelVersion, endpoint: GuardedEndpoint) -> Candidate:
        package = self._client.describe_model_package(ModelPackageName=version.arn)
        container: Mapping[str, Any] = package["InferenceSpecification"]["Containers"][0]
        return Candidate(
            release=Release(
                version=str(version.number),
                archive_uri=container["ModelDataUrl"],
                environment={
                    **container.get("Environment", {}),
                    **endpoint.container_environment,
                    # The template's is of the version that the stage pins, made elsewhere.
                    VARIABLE: recorded_archive(package),
                },
            ),
        )

    def _requests(self) -> Sequence[Request]:
        bucket = self.platform.names.artifact_bucket(self.platform.stages.training)
        prefix = f"s3://{bucket}/{self.platform.names.artifacts_prefix(self.spec.name)}"
        fields = self.spec.schema_.input
        held_out = held_out_requests(self.workspace.storage, prefix, fields)
        return held_out or example_requests(read_examples(self._model_folder))
