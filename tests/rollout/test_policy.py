import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.rollout import LIMITS, AlarmWindow, CanaryPolicy, violations
from mlops.rollout.policy import _RULES

GUARDED = ("canary", "linear", "rolling")


def _keys(policy: CanaryPolicy, window: AlarmWindow | None = None) -> list[str]:
    return [violation.key for violation in violations(policy, window or AlarmWindow())]


def test_the_defaults_protect() -> None:
    assert _keys(CanaryPolicy()) == []


@pytest.mark.parametrize(
    ("strategy", "low", "high"), [("canary", 1, 50), ("linear", 10, 50), ("rolling", 5, 50)]
)
def test_a_share_beyond_the_services_limit_is_refused_with_the_nearest_allowed(
    strategy: str, low: int, high: int
) -> None:
    for share, expected in ((low - 1, low), (high + 10, high)):
        policy = CanaryPolicy(strategy=strategy, size_percent=share)  # type: ignore[arg-type]  # parametrized
        found = {v.key: v for v in violations(policy, AlarmWindow())}

        assert found["size_percent"].remedy == f"use {expected}"
        assert found["size_percent"].allowed == f"{low} to {high}"
    for share in (low, high):
        policy = CanaryPolicy(strategy=strategy, size_percent=share)  # type: ignore[arg-type]  # parametrized
        assert "size_percent" not in _keys(policy)


def test_an_alarm_window_longer_than_the_bake_is_refused_on_both_bakes() -> None:
    slow = AlarmWindow(period_seconds=300, evaluation_periods=2)

    assert _keys(CanaryPolicy(), slow) == ["bake_minutes", "final_bake_minutes"]
    assert _keys(CanaryPolicy(bake_minutes=25, final_bake_minutes=25), slow) == []


def test_a_bake_is_long_enough_to_the_minute() -> None:
    needed = math.ceil(AlarmWindow().detection_seconds / 60)

    assert _keys(CanaryPolicy(bake_minutes=needed)) == []
    assert _keys(CanaryPolicy(bake_minutes=needed - 1)) == ["bake_minutes"]


def test_all_at_once_needs_no_share_and_no_bake() -> None:
    policy = CanaryPolicy(
        strategy="all-at-once", size_percent=100, bake_minutes=1, final_bake_minutes=1
    )

    assert not policy.guarded
    assert _keys(policy) == []


def test_a_wait_beyond_an_hour_is_refused() -> None:
    assert _keys(CanaryPolicy(bake_minutes=61)) == ["bake_minutes"]
    assert _keys(CanaryPolicy(final_bake_minutes=61)) == ["final_bake_minutes"]


def test_a_timeout_that_ends_within_the_waits_is_refused() -> None:
    assert _keys(CanaryPolicy(timeout_minutes=39)) == ["timeout_minutes"]
    assert _keys(CanaryPolicy(timeout_minutes=40)) == []
    assert _keys(CanaryPolicy(timeout_minutes=481)) == ["timeout_minutes"]


def test_many_long_steps_are_refused_at_the_wait_that_was_written() -> None:
    policy = CanaryPolicy(strategy="linear", size_percent=10, bake_minutes=60)

    (found,) = violations(policy, AlarmWindow())

    assert policy.wait_minutes == 610
    assert (found.key, found.allowed) == ("bake_minutes", "1 to 45")
    assert _keys(replace(policy, bake_minutes=45)) == []
    assert _keys(replace(policy, bake_minutes=46)) == ["bake_minutes"]


def test_what_follows_from_a_refused_key_is_not_said() -> None:
    late = CanaryPolicy(bake_minutes=61, timeout_minutes=40)
    short = CanaryPolicy(bake_minutes=3, timeout_minutes=39)

    assert _keys(late) == ["bake_minutes"]
    assert _keys(replace(late, timeout_minutes=481)) == ["bake_minutes", "timeout_minutes"]
    assert _keys(short) == ["bake_minutes"]
    for key in ("bake_minutes", "strategy", "alarms.period_seconds"):
        assert violations(short, AlarmWindow(), refused={key, "timeout_minutes"}) == []


@pytest.mark.parametrize("points", [0, 3])
def test_an_alarm_that_waits_for_many_bad_minutes_is_refused(points: int) -> None:
    window = AlarmWindow(datapoints_to_alarm=points)

    assert _keys(CanaryPolicy(), window) == ["alarms.datapoints_to_alarm"]


def test_an_alarm_cannot_need_more_points_than_it_looks_at() -> None:
    window = AlarmWindow(evaluation_periods=1, datapoints_to_alarm=2)

    assert _keys(CanaryPolicy(), window) == ["alarms.datapoints_to_alarm"]


@given(
    policy=st.builds(
        CanaryPolicy,
        strategy=st.sampled_from(("all-at-once", *GUARDED)),
        size_percent=st.integers(0, 100),
        bake_minutes=st.integers(1, 70),
        final_bake_minutes=st.integers(1, 70),
        timeout_minutes=st.none() | st.integers(1, 600),
    ),
    window=st.builds(
        AlarmWindow,
        period_seconds=st.sampled_from((60, 120, 300)),
        evaluation_periods=st.integers(1, 10),
        datapoints_to_alarm=st.integers(1, 10),
    ),
)
def test_whatever_passes_is_taken_by_sagemaker_and_can_roll_back(
    policy: CanaryPolicy, window: AlarmWindow
) -> None:
    found = violations(policy, window)

    assert len({v.key for v in found}) == len(found)
    assert all(v.reads[0] == v.key for v in found)
    assert all(v.highest is None or v.lowest <= v.highest for v in found)
    assert all(v.allowed and v.remedy and v.problem for v in found)
    if found:
        return
    low, high = LIMITS.timeout_seconds
    assert low <= policy.execution_timeout_minutes * 60 <= high
    assert policy.execution_timeout_minutes >= policy.wait_minutes + LIMITS.provisioning_minutes
    assert max(policy.bake_minutes, policy.final_bake_minutes) * 60 <= LIMITS.wait_seconds[1]
    if policy.guarded:
        assert policy.size_percent <= 50
        assert policy.bake_minutes * 60 >= window.detection_seconds
        assert policy.final_bake_minutes * 60 >= window.detection_seconds


def test_every_rule_passes_the_defaults() -> None:
    assert [rule.judge(CanaryPolicy(), AlarmWindow()) for rule in _RULES] == [None] * len(_RULES)


def test_a_rolling_update_waits_after_each_batch_and_keeps_no_old_fleet() -> None:
    rolling = CanaryPolicy(
        strategy="rolling", size_percent=25, bake_minutes=7, final_bake_minutes=60
    )

    assert rolling.wait_minutes == 4 * 7
    assert replace(rolling, strategy="linear").wait_minutes == 4 * 7 + 60
