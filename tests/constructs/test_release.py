"""What makes a release, and what does not."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.release import Release

Releases = Callable[..., Release]
CAPACITY = {"instance_type": "ml.m5.large", "min_instances": 2, "max_instances": 8}


def test_the_same_settings_are_the_same_release(release_of: Releases) -> None:
    assert release_of().hash == release_of().hash


@pytest.mark.parametrize(
    "change",
    [
        {"canary": {"bake_minutes": 11}},
        {"canary": {"alarms": {"error_ratio": 0.03}}},
        {"latency_p99_ms": 201},
        {"capture": {"enabled": False}},
        {"max_payload_mb": 2},
        {"instance_type": "ml.m5.xlarge"},
        {"network": True},
        {"capacity": CAPACITY | {"min_instances": 4}},
        # Whether the update keeps the live number of instances is deployed with the config.
        {"capacity": CAPACITY},
    ],
    ids=str,
)
def test_whatever_is_deployed_with_it_makes_another_release(
    release_of: Releases, change: dict[str, Any]
) -> None:
    assert release_of(**change).hash != release_of().hash


@pytest.mark.parametrize(
    "change",
    [
        {"canary": {"minimum_invocations": 7}},
        {"expected_requests_per_minute": 7},
        {"scaling": {"enabled": False}},
        {"capture": {"personal_fields": []}},
    ],
    ids=str,
)
def test_what_moves_no_traffic_makes_none(release_of: Releases, change: dict[str, Any]) -> None:
    assert release_of(**change).hash == release_of().hash


def test_more_room_for_a_fleet_that_scales_already_makes_none(release_of: Releases) -> None:
    roomier = release_of(capacity=CAPACITY | {"max_instances": 9})

    assert roomier.hash == release_of(capacity=CAPACITY).hash


def test_rollback_alarms_are_fresh_with_each_release(release_of: Releases) -> None:
    before, after = release_of(), release_of(canary={"bake_minutes": 11})

    names = [{r.alarm_name(signal) for signal in r.signals} for r in (before, after)]
    assert names[0].isdisjoint(names[1])
    assert all(name.startswith("acme-prod-churn-rollback-") for name in names[0] | names[1])


def test_the_signals_are_those_of_the_contract_and_the_probers(release_of: Releases) -> None:
    thresholds = {signal.key: signal.threshold for signal in release_of().signals}

    assert thresholds == {
        "server-errors": 0.02,
        "model-errors": 0.02,
        "client-errors": 0.02,
        "latency": 300_000,
        "wrong-answers": 0.05,
    }


@pytest.mark.parametrize(
    ("canary", "share", "minutes"),
    [
        ({"size_percent": 20, "bake_minutes": 11}, 20, 11),
        ({"strategy": "all-at-once", "final_bake_minutes": 7}, 100, 7),
    ],
    ids=["canary", "all-at-once"],
)
def test_a_release_is_watched_by_its_canary_or_by_everybody_in_the_last_bake(
    release_of: Releases, canary: dict[str, Any], share: int, minutes: int
) -> None:
    release = release_of(canary=canary)

    assert release.watched_share_percent == share
    assert release.canary.policy.watched_minutes == minutes
