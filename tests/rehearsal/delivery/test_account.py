"""The deployed functions, run from their own archives, judge made-up deployments."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import Platform, load_platform
from mlops.dashboards import Recorded
from mlops.rehearsal.canary.deployment import Event
from mlops.rehearsal.canary.metrics import Change
from mlops.rehearsal.canary.results import DeploymentResult
from mlops.rehearsal.delivery.account import Asked, Judged, StageAccount, asked
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.intrinsics import TemplateError
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rollout import State
from mlops.rollout.record import ROLLED_BACK, ReleaseRecord

MODEL = "bike-demand"
BEFORE, BAKED = 120.0, 1020.0
Deployed = Callable[..., DeploymentResult]


@pytest.fixture(scope="module")
def platform(root: Path) -> Platform:
    return load_platform(root, model=MODEL)


@pytest.fixture(scope="module")
def synthesized(assembly: Path) -> Assembly:
    return Assembly(assembly)


@pytest.fixture
def prod(platform: Platform, synthesized: Assembly) -> Asked:
    return asked(synthesized, platform.names.endpoint(platform.stages.stage("prod"), MODEL))


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.stop()


@pytest.fixture
def judged(
    platform: Platform, synthesized: Assembly, prod: Asked, processes: Processes, tmp_path: Path
) -> Callable[..., Judged]:
    """Deploys version 2 over version 1 in prod, once with each result, and lets it be judged."""
    stage, names = platform.stages.stage("prod"), platform.names
    account = StageAccount.opened(stage, home=tmp_path / "prod", processes=processes)
    # The release before differs by its hash alone.
    old = Asked(
        stack=prod.stack,
        properties={**prod.properties, "Release": "000000000000"},
        checker=prod.checker,
    )
    account.serve(old, package=names.model_package_arn(MODEL, 99))

    def judge(result: DeploymentResult) -> Judged:
        version = platform.releases.version(model=MODEL, stage="prod")
        assert version is not None
        account.deploy(prod, result, package=names.model_package_arn(MODEL, version))
        record = names.release_record(stage, MODEL)
        return account.judged(prod, old, assembly=synthesized, record=record)

    return judge


def requests(*, to_canary: int, failing: float = 0.0, old_failing: float = 0.0) -> Any:
    """Curves of both fleets in every minute of the bake."""
    minutes = range(int(BEFORE) // 60, int(BAKED) // 60)
    counts = {"blue": 300, "green": to_canary // len(minutes)}
    ratios = {"blue": old_failing, "green": failing}
    return tuple(
        Recorded(
            namespace="AWS/SageMaker",
            name=metric,
            dimensions={"EndpointConfigName": f"{fleet}: version"},
            statistic="Sum",
            points=tuple((float(minute), count * each) for minute in minutes),
        )
        for fleet, count in counts.items()
        for metric, each in {
            "Invocations": 1.0,
            "Invocation5XXErrors": ratios[fleet],
            "InvocationModelErrors": ratios[fleet],
        }.items()
    )


def reddened(prod: Asked) -> tuple[Change, ...]:
    """An alarm that was red while the canary had traffic, and is green again."""
    name = next(name for name in prod.properties["AlarmNames"] if "server-errors" in name)
    return (
        Change(at=600.0, alarm=name, state=State.ALARM),
        Change(at=900.0, alarm=name, state=State.OK),
    )


def record_of(found: Judged) -> ReleaseRecord:
    assert found.record is not None
    return ReleaseRecord.from_json(found.record)


def test_a_canary_that_was_seen_and_stayed_quiet_is_a_healthy_release(
    judged: Callable[..., Judged], deployed: Deployed
) -> None:
    found = judged(deployed("promoted", curves=requests(to_canary=300)))

    assert found.passed
    assert (record_of(found).outcome, record_of(found).cause) == ("healthy", None)
    assert found.sent == found.told == ()


def test_a_rollback_under_a_red_alarm_blames_the_model_and_is_told_once(
    judged: Callable[..., Judged], deployed: Deployed, prod: Asked
) -> None:
    result = deployed(
        "rolled back", curves=requests(to_canary=300, failing=0.1), changes=reddened(prod)
    )

    found = judged(result)

    record = record_of(found)
    assert not found.passed
    assert (record.outcome, record.cause, record.live_version) == ("unhealthy", "model", 99)
    assert record.red_alarms == (result.changes[0].alarm,)
    ((bus, event),) = found.sent
    assert bus.endswith("event-bus/mlops-delivery")
    assert (event["detail-type"], event["detail"]["version"]) == (ROLLED_BACK, record.version)
    assert len(found.told) == 1


def test_a_rollback_without_a_red_alarm_blames_nobody(
    judged: Callable[..., Judged], deployed: Deployed
) -> None:
    found = judged(deployed("rolled back", curves=requests(to_canary=300)))

    assert not found.passed
    assert record_of(found).cause == "unknown"
    assert len(found.told) == 1


def test_a_canary_that_nobody_called_is_inconclusive(
    judged: Callable[..., Judged], deployed: Deployed
) -> None:
    found = judged(deployed("inconclusive"))

    assert not found.passed
    assert record_of(found).outcome == "inconclusive"


def test_a_fleet_that_never_started_is_no_models_fault_by_itself(
    judged: Callable[..., Judged], deployed: Deployed
) -> None:
    failure = Event(at=120.0, kind="failure", text="UpdateEndpoint failed: no /ping")

    found = judged(deployed("failed to start", events=(failure,)))

    assert not found.passed
    assert record_of(found).cause in ("unknown", "infrastructure")


def test_an_endpoint_without_a_check_cannot_be_delivered(synthesized: Assembly) -> None:
    with pytest.raises(TemplateError, match="has no release check of ghost"):
        asked(synthesized, "ghost")


def test_where_both_fleets_failed_alike_nobody_is_blamed(
    judged: Callable[..., Judged], deployed: Deployed, prod: Asked
) -> None:
    sick = requests(to_canary=300, failing=0.1, old_failing=0.1)

    record = record_of(judged(deployed("rolled back", curves=sick, changes=reddened(prod))))

    assert (record.outcome, record.cause) == ("unhealthy", "unknown")
    assert any("no worse than the old one" in reason for reason in record.reasons)
