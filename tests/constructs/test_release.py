"""What makes a release, and what does not."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from mlops.contract import ContentSpec
from mlops.rollout.release import release_hash
from mlops_constructs import release as release_module
from mlops_constructs.properties import CONFIG, KEY, MODEL, RELEASE, ROLE
from mlops_constructs.release import Release
from mlops_constructs.rollout.rollback_alarms import RollbackAlarms
from mlops_constructs.serving.canary_endpoint import CanaryEndpoint
from mlops_constructs.serving.endpoint_config import EndpointConfig
from mlops_constructs.serving.served_model import ServedModel

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


Place = tuple[str | int, ...]
OWN_METRIC = {"name": "surge", "namespace": "Bikes/Serving", "metric": "Surge", "threshold": 0.3}
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {
        "capacity": CAPACITY,
        "canary": {
            "alarms": {"metrics": [OWN_METRIC, {**OWN_METRIC, "name": "p", "statistic": "p90"}]}
        },
        "max_payload_mb": 2,
        "network": True,
    },
    "encrypted disks": {"instance_type": "ml.g5.xlarge", "capture": {"enabled": False}},
    "linear": {"canary": {"strategy": "linear", "size_percent": 25}},
    "rolling": {"canary": {"strategy": "rolling", "size_percent": 25}},
    "all at once": {"canary": {"strategy": "all-at-once"}},
}
"""Releases that together state every property that a release can state."""
KNOWN_LATER = {CONFIG, KEY, MODEL, ROLE}
"""What only the deployment knows: names that CloudFormation generates, and ARNs of other stacks."""
NO_RELEASE = {("AlarmDescription",): "a reworded description is no other release"}


def leaves(node: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every plain value of a tree, and where it is; a reference is one value."""
    if isinstance(node, dict) and not (len(node) == 1 and next(iter(node)).startswith("Fn::")):
        for key, value in node.items():
            yield from leaves(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*place, index))
    else:
        yield place, node


def at(tree: Any, place: Place) -> Any:
    """The value at a place; None where there is none."""
    for step in place:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def mutated(tree: Any, place: Place) -> Any:
    """The tree with another value at one place."""
    other = copy.deepcopy(tree)
    parent = at(other, place[:-1])
    value = parent[place[-1]]
    parent[place[-1]] = value + 1 if isinstance(value, int | float) else f"{value}-other"
    return other


@pytest.fixture
def synthesized(
    render: Callable[..., Any], key_in: Callable[..., Any]
) -> Callable[[Release], dict[str, Any]]:
    """The properties of a release's resources in the template, by kind."""

    def built(release: Release) -> dict[str, Any]:
        def build(stack: Any) -> None:
            key = key_in(stack)
            model = ServedModel(stack, "Model", release=release, key=key).model
            config = EndpointConfig(stack, "Config", release=release, model=model, key=key).config
            alarms = RollbackAlarms(stack, "Rollback", release=release, config=config)
            CanaryEndpoint(stack, "Endpoint", release=release, config=config, alarms=alarms)

        found = render(build)
        return {
            "model": found.only("AWS::SageMaker::Model"),
            "config": found.only("AWS::SageMaker::EndpointConfig"),
            "endpoint": found.only("AWS::SageMaker::Endpoint"),
            "alarms": found.all("AWS::CloudWatch::Alarm"),
        }

    return built


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Release], dict[str, Any]]:
    """What the hash of a release is computed from."""

    def found(release: Release) -> dict[str, Any]:
        seen: list[dict[str, Any]] = []
        with monkeypatch.context() as patch:
            patch.setattr(release_module, "release_hash", lambda v: seen.append(v) or "0" * 12)
            assert replace(release).hash
        return copy.deepcopy(seen[0])

    return found


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_deployed_value_decides_the_hash(
    release_of: Releases,
    synthesized: Callable[[Release], dict[str, Any]],
    hashed: Callable[[Release], dict[str, Any]],
    shape: dict[str, Any],
) -> None:
    release = release_of(**shape)
    settings = hashed(release)
    missed = []

    for place, value in leaves(synthesized(release)):
        if place[2:] in NO_RELEASE:
            continue
        known = at(settings, place)
        told = known.replace(RELEASE, release.hash) if isinstance(known, str) else known
        if (told != value and known not in KNOWN_LATER) or release_hash(
            mutated(settings, place)
        ) == release.hash:
            missed.append((place, value))

    assert missed == []


LATER_KEYS: dict[str, Callable[[Release, Callable[[Any], Any]], Release]] = {
    "endpoint": lambda release, grown: replace(
        release, model=release.model.model_copy(update={"endpoint": grown(release.model.endpoint)})
    ),
    "capture": lambda release, grown: _endpoint(release, capture=grown),
    "canary": lambda release, grown: _endpoint(release, canary=grown),
    "alarms": lambda release, grown: _endpoint(
        release,
        canary=lambda canary: canary.model_copy(update={"alarms": grown(canary.alarms)}),
    ),
    "network": lambda release, grown: replace(
        release,
        site=replace(
            release.site,
            stage=release.site.stage.model_copy(
                update={"network": grown(release.site.stage.network)}
            ),
        ),
    ),
    "content": lambda release, grown: replace(release, content=grown(release.content)),
}


def _endpoint(release: Release, **changes: Callable[[Any], Any]) -> Release:
    endpoint = release.model.endpoint
    update = {key: change(getattr(endpoint, key)) for key, change in changes.items()}
    model = release.model.model_copy(update={"endpoint": endpoint.model_copy(update=update)})
    return replace(release, model=model)


def _with_a_later_key(spec: Any) -> Any:
    """The same settings in a later version of the contract, which has one more optional key."""
    kind = type(
        type(spec).__name__,
        (type(spec),),
        {"__module__": __name__, "__annotations__": {"later": int | None}, "later": None},
    )
    return kind.model_construct(**dict(spec), later=None)


@pytest.mark.parametrize("block", LATER_KEYS)
def test_an_optional_key_that_nobody_sets_makes_no_release(
    release_of: Releases, block: str
) -> None:
    content = ContentSpec(archive="a" * 64, answers="b" * 64, baseline="c" * 64, image="d" * 64)
    before = replace(release_of(network=True), content=content)

    after = LATER_KEYS[block](before, _with_a_later_key)

    assert after.hash == before.hash


def test_a_threshold_of_the_platforms_own_makes_another_release(
    release_of: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = release_of().hash

    monkeypatch.setattr("mlops.rollout.signals.WRONG_ANSWER_RATIO", 0.06)

    assert release_of().hash != before


def test_a_reworded_description_makes_none(
    release_of: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = release_of().hash

    monkeypatch.setattr("mlops_constructs.deployed_alarms.RUNBOOK", "docs/runbooks/drift-alarms.md")

    assert release_of().hash == before
