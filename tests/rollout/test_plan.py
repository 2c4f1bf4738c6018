import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import (
    AlarmWindow,
    CanaryPolicy,
    Expectation,
    Forecast,
    Setting,
    Target,
    cheapest,
    forecast,
    neighbours,
    patch,
    plan_canary,
    sufficient_traffic,
    violations,
)

CONFIGURED = Setting(
    policy=CanaryPolicy(size_percent=10, bake_minutes=15),
    window=AlarmWindow(),
    error_ratio=0.02,
    model_error_ratio=0.02,
    latency_p99_ms=300.0,
)
EXPECTED = Expectation(requests_per_minute=300, latency_p99_ms=200)
TARGET = Target()


def _with(**keys: object) -> Setting:
    return replace(CONFIGURED, policy=replace(CONFIGURED.policy, **keys))  # type: ignore[arg-type]  # keys vary


def test_neighbours_differ_in_one_thing_and_are_allowed() -> None:
    found = neighbours(CONFIGURED)

    assert len(found) == len(set(found)) > 10
    for other in found:
        assert violations(other.policy, other.window) == []
        changed = (
            other.policy.size_percent != 10,
            other.policy.bake_minutes != 15,
            other.error_ratio != 0.02,
        )
        assert sum(changed) == 1
        assert other.latency_p99_ms == 300
        assert other.policy.final_bake_minutes == CONFIGURED.policy.final_bake_minutes


def test_a_linear_policys_neighbours_keep_to_the_linear_limits() -> None:
    found = neighbours(_with(strategy="linear", size_percent=20))

    assert {other.policy.size_percent for other in found} == {10, 15, 20, 25, 30, 40, 50}


def test_a_threshold_that_could_never_fire_is_no_neighbour() -> None:
    tolerant = replace(CONFIGURED, error_ratio=0.6)

    assert {other.error_ratio for other in neighbours(tolerant)} == {0.3, 0.6, 0.9}


def test_the_cheapest_reaches_the_target_and_nothing_cheaper_among_its_neighbours_does() -> None:
    found = cheapest(CONFIGURED, EXPECTED, TARGET)

    assert found is not None
    assert found.reaches(TARGET)
    assert found.is_calm(TARGET)
    price = _price(found.setting, EXPECTED.instances)
    for other in neighbours(found.setting):
        if _price(other, EXPECTED.instances) < price:
            rival = forecast(other, EXPECTED, TARGET)
            assert not (rival.reaches(TARGET) and rival.is_calm(TARGET))


def test_among_equally_cheap_settings_the_thresholds_stay_as_they_are() -> None:
    busy = replace(EXPECTED, requests_per_minute=30_000)

    found = cheapest(CONFIGURED, busy, TARGET)

    assert found is not None
    changed = patch(CONFIGURED, found.setting)
    assert changed["bake_minutes"] == 6
    assert "alarms" not in changed


def test_a_patch_has_only_the_keys_that_differ_and_leads_to_the_setting() -> None:
    wanted = replace(_with(size_percent=25), error_ratio=0.04)

    assert patch(CONFIGURED, CONFIGURED) == {}
    assert patch(CONFIGURED, wanted) == {"size_percent": 25, "alarms": {"error_ratio": 0.04}}
    assert patch(CONFIGURED, _with(bake_minutes=20)) == {"bake_minutes": 20}


def test_thin_traffic_has_no_setting_that_suffices_but_a_traffic_that_would() -> None:
    thin = replace(EXPECTED, requests_per_minute=1)

    found = plan_canary(CONFIGURED, thin, TARGET)

    assert found.cheapest is None
    assert found.patch == {}
    assert found.sufficient_requests_per_minute == 200
    busier = replace(thin, requests_per_minute=200)
    assert forecast(CONFIGURED, busier, TARGET).reaches(TARGET)
    assert not forecast(CONFIGURED, replace(thin, requests_per_minute=100), TARGET).reaches(TARGET)


def test_no_traffic_helps_an_alarm_that_the_regression_does_not_reach() -> None:
    blind = replace(CONFIGURED, latency_p99_ms=60_000.0)

    assert sufficient_traffic(blind, EXPECTED, TARGET) is None
    assert plan_canary(blind, EXPECTED, TARGET).cheapest is None


def test_enough_traffic_needs_no_more() -> None:
    assert sufficient_traffic(CONFIGURED, EXPECTED, TARGET) == 300


def test_a_setting_that_is_cheapest_already_has_no_patch() -> None:
    best = cheapest(CONFIGURED, EXPECTED, TARGET)
    assert best is not None

    found = plan_canary(best.setting, EXPECTED, TARGET)

    assert found.cheapest == found.configured
    assert found.patch == {}


def test_all_at_once_is_planned_by_its_wait_before_the_old_fleet_goes() -> None:
    at_once = _with(strategy="all-at-once")

    found = plan_canary(at_once, EXPECTED, TARGET)

    assert found.configured.reaches(TARGET)
    assert {other.setting.policy for other in found.neighbours} == {at_once.policy}
    assert len(found.neighbours) == 3
    assert found.cheapest is not None
    assert found.cheapest.setting.policy == at_once.policy


def _price(setting: Setting, instances: int) -> tuple[int, int]:
    """Minutes of waiting, and the instances that SageMaker makes of the share."""
    policy = setting.policy
    return policy.wait_minutes, math.ceil(policy.size_percent * instances / 100)


def _merits(found: Forecast) -> tuple[float, ...]:
    """What a reader of the table compares, the more the better."""
    return (
        min(found.errors.probability, found.latency.probability),
        -found.false_rollback,
        -found.expected_harmed,
        -found.expected_seconds,
    )


def _rows(configured: Setting, recommended: Setting) -> set[Setting]:
    """The table, and what a second look from the recommended row would show of the same alarms."""
    table = {configured, *neighbours(configured)}
    ratios = {row.error_ratio for row in table}
    beside = (row for row in neighbours(recommended) if row.error_ratio in ratios)
    return {row for row in (*table, *beside) if not violations(row.policy, row.window)}


def _settings() -> st.SearchStrategy[Setting]:
    return st.builds(
        lambda ratio, **keys: replace(_with(**keys), error_ratio=ratio),
        ratio=st.floats(0.005, 0.2),
        size_percent=st.integers(1, 50),
        bake_minutes=st.integers(6, 20),
        strategy=st.sampled_from(["canary", "linear"]),
    )


@settings(max_examples=10)
@given(setting=_settings(), rpm=st.integers(100, 30_000), instances=st.integers(2, 12))
def test_no_row_of_the_table_is_as_cheap_as_the_recommended_one_and_better(
    setting: Setting, rpm: int, instances: int
) -> None:
    expected = replace(EXPECTED, requests_per_minute=rpm, instances=instances)

    best = cheapest(setting, expected, TARGET)

    if best is None:
        return
    price = _price(best.setting, instances)
    for row in _rows(setting, best.setting):
        if _price(row, instances) <= price:
            merits, ours = _merits(forecast(row, expected, TARGET)), _merits(best)
            worse = any(one < mine for one, mine in zip(merits, ours, strict=True))
            assert worse or merits == ours, row


@pytest.mark.sweep(cases=1)
@pytest.mark.parametrize("most", [20, 300, 1000, 5000])
@settings(max_examples=4)
@given(setting=_settings(), data=st.data())
def test_whatever_is_recommended_is_allowed_good_enough_and_reached_by_its_patch(
    most: int, setting: Setting, data: st.DataObject
) -> None:
    rpm = data.draw(st.integers(1, most))

    found = plan_canary(setting, replace(EXPECTED, requests_per_minute=rpm), TARGET)

    if found.cheapest is None:
        assert found.patch == {}
        return
    best = found.cheapest.setting
    assert violations(best.policy, best.window) == []
    assert found.cheapest.reaches(TARGET)
    assert found.cheapest.is_calm(TARGET)
    keys = dict(found.patch)
    alarms = keys.pop("alarms", {})
    assert isinstance(alarms, dict)
    patched = replace(setting, policy=replace(setting.policy, **keys), **alarms)  # type: ignore[arg-type]  # a patch's values are of their keys' types
    assert patched == best
