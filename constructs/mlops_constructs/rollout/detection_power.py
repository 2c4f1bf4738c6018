"""Says at synthesis when a canary would hardly notice a bad version."""

import json
from collections.abc import Iterator

from aws_cdk import Annotations
from constructs import IConstruct

from mlops.rollout import Plan, Target, forecast, plan_canary
from mlops_constructs.release import Release


def warn_of_weak_canary(scope: IConstruct, release: Release) -> None:
    """Warn where a regression would be caught less often than the target asks for.

    A warning and no refusal: thin traffic is nobody's mistake, a weak canary better than none.
    """
    warning = weakness(release)
    if warning:
        Annotations.of(scope).add_warning_v2("mlops:weak-canary", warning)


def weakness(release: Release) -> str | None:
    """What the canary misses and what would fix it, or None if it reaches the target."""
    setting = release.model.endpoint.canary_setting(release.canary)
    target = Target(detection=release.canary.detection_target_percent / 100)
    if not setting.policy.guarded:
        return None
    expected = release.model.endpoint.canary_expectation(
        callers_per_minute=release.traffic.callers_per_minute,
        instances=release.capacity.min_instances,
    )
    if forecast(setting, expected, target).reaches(target):
        return None
    plan = plan_canary(setting, expected, target)
    return (
        f"the canary of {release.endpoint_name} catches a regression with a probability of "
        f"{plan.configured.detection:.0%}, less than the target of {target.detection:.0%}; "
        f"{' or '.join(_remedies(plan)) or 'no setting reaches it at this traffic'}"
    )


def _remedies(plan: Plan) -> Iterator[str]:
    if plan.patch:
        yield f"set endpoint.canary {json.dumps(plan.patch)}"
    if plan.sufficient_requests_per_minute is not None:
        yield f"expect {plan.sufficient_requests_per_minute:.0f} requests of callers per minute"
