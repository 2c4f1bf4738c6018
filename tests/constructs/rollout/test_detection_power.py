"""A canary that would hardly notice is told so, with what would fix it."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.rollout.detection_power import warn_of_weak_canary, weakness

# One bad minute in a hundred decides here: too few requests reach a share of one percent.
WEAK = {"size_percent": 1, "bake_minutes": 6, "alarms": {"error_ratio": 0.5}}


def test_a_canary_that_reaches_the_target_is_left_alone(
    release_of: Callable[..., Release],
) -> None:
    assert weakness(release_of()) is None


def test_a_weak_canary_is_told_with_its_probability_and_a_remedy(
    release_of: Callable[..., Release],
) -> None:
    said = weakness(release_of(canary=WEAK))

    assert said is not None
    assert "acme-prod-churn" in said
    assert "less than the target of 80%" in said
    assert "set endpoint.canary" in said


def test_without_a_canary_nothing_can_be_weak(release_of: Callable[..., Release]) -> None:
    assert weakness(release_of(canary={"strategy": "all-at-once"})) is None


@pytest.mark.parametrize(("canary", "count"), [({}, 0), (WEAK, 1)], ids=["strong", "weak"])
def test_synthesis_warns_and_goes_on(
    release_of: Callable[..., Release], cdk_context: dict[str, Any], canary: Any, count: int
) -> None:
    from aws_cdk import App, Stack, assertions

    stack = Stack(App(context=cdk_context, builtin_cloud_formation_validation=False), "Test")

    warn_of_weak_canary(stack, release_of(canary=canary))

    any_text = assertions.Match.any_value()
    found = assertions.Annotations.from_stack(stack).find_warning("*", any_text)
    assert len(found) == count


def test_the_contract_says_how_sure_a_canary_has_to_be(
    release_of: Callable[..., Release],
) -> None:
    easy = weakness(release_of(canary=WEAK | {"detection_target_percent": 1}))
    strict = weakness(release_of(canary={"size_percent": 5, "detection_target_percent": 99}))

    assert easy is None
    assert strict is not None
    assert "less than the target of 99%" in strict


def test_what_is_asked_of_a_canary_makes_no_other_release(
    release_of: Callable[..., Release],
) -> None:
    assert release_of(canary={"detection_target_percent": 95}).hash == release_of().hash
