"""What the release automation decides from: a registry and the stages' records, here or on AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from mlops.contract import Platform, StageSpec
from mlops.registry import SageMakerClient, local_client
from mlops.release.status.access import assumed_clients, profile_clients
from mlops.release.status.live import ClientFactory
from mlops.release.status.records import RecordFiles, RecordParameters, Records


class Sources(Protocol):
    """A registry, and the records of the same stages."""

    def registry(self, platform: Platform) -> SageMakerClient:
        """The registry of the training stage.

        Raises:
            ReleaseError: there is no way into it.
        """

    def records(self, platform: Platform) -> Records:
        """The release records of the stages."""


@dataclass(frozen=True, kw_only=True)
class LocalSources:
    """The folder that rehearsals write into."""

    folder: Path

    def registry(self, platform: Platform) -> SageMakerClient:
        """The registry of rehearsals."""
        stage = platform.stages.training
        return local_client(self.folder / "registry", account=stage.account, region=stage.region)

    def records(self, platform: Platform) -> Records:  # noqa: ARG002  # the protocol's signature
        """The records of rehearsals."""
        return RecordFiles(folder=self.folder / "records")


@dataclass(frozen=True, kw_only=True)
class AwsSources:
    """The stages' accounts: through the automation's roles there, or with a person's profiles."""

    profiles: Mapping[str, str] = field(default_factory=dict)
    """By stage; the profile of "" is everybody's. Where one is named, no role is assumed."""

    def registry(self, platform: Platform) -> SageMakerClient:
        """The registry of the training stage's account.

        Raises:
            ReleaseError: there is no way into it.
        """
        role = platform.names.release_decisions_role
        clients = self._clients(platform.stages.training, role)
        return cast("SageMakerClient", clients("sagemaker"))

    def records(self, platform: Platform) -> Records:
        """The parameters of the stages' accounts."""
        names = platform.names
        return RecordParameters(
            names=names,
            clients=lambda stage: self._clients(stage, names.release_records_role(stage)),
        )

    def _clients(self, stage: StageSpec, role: str) -> ClientFactory:
        profile = self.profiles.get(stage.name, self.profiles.get(""))
        if profile is None:
            return assumed_clients(role, region=stage.region)
        return profile_clients(stage, profile=profile)
