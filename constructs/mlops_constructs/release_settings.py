"""Settings of one release: a version of a model, and how a stage serves it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mlops.contract import CanarySpec, Capacity, ContentSpec, ModelSpec
from mlops.rollout import ReleaseTraffic, Signal, refusals
from mlops.rollout.content import UNRECORDED, VARIABLE
from mlops.rollout.signals import wrong_answers
from mlops_constructs.site import Site

VARIANT: Final = "AllTraffic"
"""Constant: guardrails, scaling and alarms know the variant by its name."""


@dataclass(frozen=True, kw_only=True)
class ReleaseSettings:
    """A pinned version of a model in a stage; `Release` adds the name of the whole."""

    site: Site
    model: ModelSpec
    version: int
    content: ContentSpec | None = None
    """The bytes behind the version; None where none were recorded at its release."""

    @property
    def proof(self) -> dict[str, str]:
        """The variable by which a container knows what it may serve."""
        return {VARIABLE: self.content.archive if self.content else UNRECORDED}

    @property
    def endpoint_name(self) -> str:
        """Name of the endpoint; the same over all releases."""
        return self.site.names.endpoint(self.site.stage, self.model.name)

    @property
    def endpoint_arn(self) -> str:
        """ARN of the endpoint."""
        return self.site.arn("sagemaker", f"endpoint/{self.endpoint_name}")

    @property
    def package_arn(self) -> str:
        """ARN of the model package."""
        return self.site.names.model_package_arn(self.model.name, self.version)

    @property
    def capacity(self) -> Capacity:
        """Size of the fleet in this stage."""
        return self.site.stage.capacity[self.model.endpoint.tier]

    @property
    def scaled(self) -> bool:
        """Whether the fleet follows its traffic; without room a target only forbids other types."""
        room = self.capacity.max_instances > self.capacity.min_instances
        return self.model.endpoint.scaling.enabled and room

    @property
    def instance_type(self) -> str:
        """Machine of the fleet."""
        return self.model.endpoint.instance_type or self.capacity.instance_type

    @cached_property
    def canary(self) -> CanarySpec:
        """The model's canary as this stage runs it."""
        return self.site.stage.canary.applied_to(self.model.endpoint.canary)

    @property
    def traffic(self) -> ReleaseTraffic:
        """What a release can count on here: callers and probes."""
        return self.site.names.stages.release_traffic(self.site.stage, self.model.endpoint)

    @property
    def watched_share_percent(self) -> int:
        """Share of the traffic that judges a release."""
        return round(100 * self.canary.policy.watched_share)

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """What rolls this release back."""
        judged = self.model.endpoint.canary_setting(self.canary).signals
        alarms = self.canary.alarms
        refused = refusals(client_error_ratio=alarms.client_error_ratio, window=alarms.window)
        return (*judged, refused, wrong_answers(alarms.window), *self.canary.custom_signals)

    @property
    def body_limit(self) -> dict[str, str]:
        """The variable that bounds a body; none where the server's own limit holds."""
        most = self.model.endpoint.body_limit_bytes
        return {} if most is None else {"MAX_BODY_BYTES": str(most)}

    @property
    def alarm_prefix(self) -> str:
        """First part of the names of all rollback alarms of the endpoint, of whatever release."""
        return self.site.names.rollback_alarms(self.site.stage, self.model.name)
