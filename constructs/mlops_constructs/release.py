"""A release: what is deployed, and the hash by which its parts know each other."""

from dataclasses import dataclass
from functools import cached_property

from mlops.rollout import Signal
from mlops.rollout.release import release_hash
from mlops_constructs.deployed_alarms import rollback_alarm
from mlops_constructs.deployed_endpoint import endpoint, endpoint_config, served_model
from mlops_constructs.properties import RELEASE, Properties, filled
from mlops_constructs.release_settings import VARIANT, ReleaseSettings

__all__ = ["VARIANT", "Deployed", "Release"]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The CloudFormation properties of a release, with markers for what deployment decides."""

    model: Properties
    config: Properties
    endpoint: Properties
    alarms: tuple[Properties, ...]
    """One per signal, in the order of the signals."""


@dataclass(frozen=True, kw_only=True)
class Release(ReleaseSettings):
    """A pinned version of a model in a stage, known by what it deploys."""

    @cached_property
    def _rendered(self) -> Deployed:
        names = [self._alarm_name(signal, RELEASE) for signal in self.signals]
        alarms = zip(self.signals, names, strict=True)
        return Deployed(
            model=served_model(self),
            config=endpoint_config(self),
            endpoint=endpoint(self, alarms=names),
            alarms=tuple(rollback_alarm(self, signal, name=name) for signal, name in alarms),
        )

    @cached_property
    def deployed(self) -> Deployed:
        """Everything that is deployed with this release, under its hash."""
        rendered, own = self._rendered, {RELEASE: self.hash}
        return Deployed(
            model=filled(rendered.model, own),
            config=filled(rendered.config, own),
            endpoint=filled(rendered.endpoint, own),
            alarms=tuple(filled(alarm, own) for alarm in rendered.alarms),
        )

    @cached_property
    def hash(self) -> str:
        """Name of this release; another one if anything that is deployed with it differs.

        The bytes that a package's ARN stands for belong to it: no property shows all of them.
        """
        rendered = self._rendered
        return release_hash(
            {
                "content": self.content.model_dump(mode="json", exclude_none=True)
                if self.content
                else None,
                "model": rendered.model,
                "config": rendered.config,
                "endpoint": rendered.endpoint,
                # A reworded description is no other release.
                "alarms": [
                    {name: value for name, value in alarm.items() if name != "AlarmDescription"}
                    for alarm in rendered.alarms
                ],
            }
        )

    def alarm_name(self, signal: Signal) -> str:
        """Name of a rollback alarm; the hash makes it a fresh alarm for each release."""
        return self._alarm_name(signal, self.hash)

    def _alarm_name(self, signal: Signal, release: str) -> str:
        return f"{self.alarm_prefix}{signal.key}-{release}"
