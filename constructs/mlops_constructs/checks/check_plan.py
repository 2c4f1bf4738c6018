"""What the checks expect of a release, as literals out of the same settings that deploy it."""

import json
from typing import Any, Final

from mlops.checks.plan import Capture, Examples, Fleet, Guardrails, PlannedRelease, Traffic
from mlops.contract.instance_types import has_instance_store
from mlops.pipeline import ModelSource
from mlops.pipeline.archive import contract_json
from mlops.rollout.content import UNRECORDED
from mlops.rollout.probes import Tolerance, cases_of
from mlops_constructs.release import VARIANT, Release

_FACTOR: Final = 1.0
_WARM_UP_SECONDS: Final = 30.0
_ALLOWANCE_MS: Final = 150.0
"""What SageMaker and the network may add to the model's own time, as a caller measures it."""
_LOAD_MINUTES: Final = (1.0, 3.0)
_ALL_LOADS_MINUTES: Final = 240
"""Models are loaded one after the other, within what a build may take."""


def planned_release(release: Release, source: ModelSource, *, releases: int) -> PlannedRelease:
    """The plan of one of so many releases of a stage."""
    site, model = release.site, release.model
    return PlannedRelease(
        model=model.name,
        version=release.version,
        endpoint=release.endpoint_name,
        release=release.hash,
        package=release.package_arn,
        content=release.content.archive if release.content else UNRECORDED,
        image=release.content.image if release.content else UNRECORDED,
        key=site.names.key_alias(site.stage),
        encrypted_disks=not has_instance_store(release.instance_type),
        parameter=site.names.endpoint_parameter(site.stage, model.name),
        caller_role=site.names.checks_caller_role(site.stage, model.name),
        guardrails=planned_guardrails(release),
        fleet=Fleet(
            variant=VARIANT,
            instance_type=release.instance_type,
            min_instances=release.capacity.min_instances,
            max_instances=release.capacity.max_instances,
            scaled=release.scaled,
        ),
        capture=_capture(release),
        traffic=_traffic(release, releases),
        examples=_examples(source),
    )


def planned_guardrails(release: Release) -> Guardrails:
    """A release's canary as the endpoint will show it after its update."""
    policy = release.canary.policy
    rolling = policy.strategy == "rolling"
    return Guardrails(
        strategy=policy.strategy,
        size_percent=policy.size_percent if policy.guarded else None,
        wait_seconds=_seconds(policy.bake_minutes) if policy.guarded else 0,
        final_wait_seconds=None if rolling else _seconds(policy.final_bake_minutes),
        timeout_seconds=_seconds(policy.execution_timeout_minutes),
        alarms=tuple(sorted(release.alarm_name(signal) for signal in release.signals)),
    )


def _seconds(minutes: int) -> int:
    return minutes * 60


def _capture(release: Release) -> Capture | None:
    spec = release.model.endpoint.capture
    if not spec.enabled:
        return None
    return Capture(
        bucket=release.site.names.capture_bucket(release.site.stage),
        prefix=release.model.name,
        sampling_percent=spec.sampling_percent,
    )


def _traffic(release: Release, releases: int) -> Traffic:
    endpoint = release.model.endpoint
    shortest, longest = _LOAD_MINUTES
    return Traffic(
        requests_per_minute=float(endpoint.expected_requests_per_minute),
        factor=_FACTOR,
        minutes=max(shortest, min(longest, _ALL_LOADS_MINUTES / releases - 1)),
        warm_up_seconds=_WARM_UP_SECONDS,
        latency_p99_ms=endpoint.latency_p99_ms,
        allowance_ms=_ALLOWANCE_MS,
        error_ratio=release.canary.alarms.error_ratio,
    )


def _examples(source: ModelSource) -> Examples:
    written: dict[str, Any] = json.loads(contract_json(source.spec, source.folder))["examples"]
    return Examples(
        cases=tuple(cases_of(written)),
        tolerance=Tolerance(
            relative=written["relative_tolerance"], absolute=written["absolute_tolerance"]
        ),
        fields=tuple(field.name for field in source.spec.schema_.output),
    )
