"""A rollback is noticed by looking at the endpoint, whatever event gave the occasion."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_handlers.rollout import rollback_report

START = datetime(2026, 1, 1, tzinfo=UTC)
PREFIX = "acme-prod-churn-rollback-"
LITERALS = {
    "ALARM_PREFIX": PREFIX,
    "ALARM_KEYS": "server-errors,latency",
    "MINIMUM_INVOCATIONS": "100",
    "SHARE_PERCENT": "10",
    "BAKE_MINUTES": "10",
    "DEPLOYMENT_MINUTES": "60",
}
NO_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity"
)
EVENT = {"id": "d2921b5a-b0ad-cace-a8e3-0f159d018e06", "detail": {"EndpointStatus": "IN_SERVICE"}}
Wake = Callable[..., bool]


@pytest.fixture
def wake(desk: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Wake:
    """Sends an event and says whether something was reported."""
    for name, value in LITERALS.items():
        monkeypatch.setenv(name, value)

    def woken(event: Any = None) -> bool:
        return rollback_report.handler(event or EVENT, None)["reported"]

    return woken


class Stage:
    """The endpoint over several releases; in each the canary shifts 20 minutes after its begin."""

    def __init__(self, endpoints: Any, cloudwatch: Any) -> None:
        self.endpoints = endpoints
        self.cloudwatch = cloudwatch
        self.hours = 0
        self.endpoints.create(self.endpoints.add_config("r3", version=3))

    def fails(self, release: str, version: int, *, red: str = "server-errors") -> None:
        """A canary that an alarm ends after five minutes."""
        shift = self._deployed(release, version, rolled_back=True)
        if red:
            alarm = f"{PREFIX}{red}-{release}"
            self.cloudwatch.turned(alarm, "ALARM", shift + timedelta(minutes=5))
            self.cloudwatch.turned(alarm, "OK", shift + timedelta(minutes=9))

    def succeeds(self, release: str, version: int) -> None:
        self._deployed(release, version, rolled_back=False)

    def fails_before_its_canary(self, release: str, version: int, *, reason: str) -> None:
        self.hours += 3
        self.endpoints.add_config(release, version=version)
        self.endpoints.release(f"config-{release}", rolled_back=True, hours=self.hours)
        self.endpoints.failure_reason = reason

    def _deployed(self, release: str, version: int, *, rolled_back: bool) -> datetime:
        self.hours += 3
        old = self.endpoints.config
        new = self.endpoints.add_config(release, version=version)
        self.endpoints.release(new, rolled_back=rolled_back, hours=self.hours)
        shift = START + timedelta(hours=self.hours, minutes=20)
        self.cloudwatch.canary(old, new, start=shift, per_minute=30)
        return shift


@pytest.fixture
def stage(endpoints: Any, cloudwatch: Any) -> Stage:
    return Stage(endpoints, cloudwatch)


def test_a_rollback_by_an_alarm_is_recorded_as_the_models_fault(
    stage: Stage, desk: Any, wake: Wake
) -> None:
    stage.fails("r4", 4)

    assert wake()

    record = desk.record
    assert (record["outcome"], record["cause"]) == ("unhealthy", "model")
    assert (record["deployment"], record["release"]) == ("config-r4", "r4")
    assert (record["version"], record["live_version"]) == (4, 3)
    assert record["red_alarms"] == [f"{PREFIX}server-errors-r4"]
    assert record["canary_invocations"] == 300
    assert record["reasons"][0] == "the endpoint was rolled back: it runs release r3 instead of r4"
    assert desk.order == ["people", "record", "event"]


def test_duplicates_and_stragglers_tell_nothing_new(stage: Stage, desk: Any, wake: Wake) -> None:
    stage.fails("r4", 4)

    assert [wake(), wake(), wake({"id": "late", "detail": {"EndpointStatus": "UPDATING"}})] == [
        True,
        False,
        False,
    ]
    assert len(desk.told) == 1


def test_a_scaled_endpoint_is_no_rollback(stage: Stage, desk: Any, wake: Wake) -> None:
    stage.succeeds("r4", 4)
    stage.endpoints.updated += timedelta(days=3)

    assert not wake()
    assert desk.parameters == {}


@pytest.mark.parametrize(
    "status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"]
)
def test_while_something_is_under_way_nothing_is_decided(
    stage: Stage, desk: Any, wake: Wake, status: str
) -> None:
    stage.fails("r4", 4)
    stage.endpoints.status = status

    assert not wake()
    assert desk.parameters == {}


def test_an_endpoint_that_is_gone_was_not_rolled_back(
    endpoints: Any, cloudwatch: Any, desk: Any, wake: Wake
) -> None:
    assert not wake()
    assert desk.parameters == {}


def test_what_cannot_be_seen_is_an_error_and_no_endpoint_that_is_gone(
    stage: Stage, aws: Any, wake: Wake
) -> None:
    def refused(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ValidationException"}}, "DescribeEndpointConfig")

    aws.operations["DescribeEndpointConfig"] = refused

    with pytest.raises(ClientError):
        wake()


def test_a_config_that_was_made_a_moment_ago_is_no_rollback(
    stage: Stage, desk: Any, wake: Wake, clock: Any
) -> None:
    stage.endpoints.add_config("r4", version=4, age=-timedelta(hours=3))

    assert not wake()
    assert desk.parameters == {}
    assert clock.now == 0


def test_an_older_failure_is_not_taken_for_one_of_a_config_made_since(
    stage: Stage, desk: Any, wake: Wake, clock: Any
) -> None:
    stage.endpoints.failure_reason = NO_CAPACITY
    stage.endpoints.add_config("r4", version=4, age=-timedelta(hours=3))

    assert not wake()
    assert clock.now == 0


@pytest.mark.parametrize("goes", ["begins", "succeeds"])
def test_a_failure_of_before_is_told_from_a_deployment_that_is_about_to_begin(
    stage: Stage, desk: Any, wake: Wake, monkeypatch: pytest.MonkeyPatch, goes: str
) -> None:
    """The endpoint scaled in the seconds between the new config and its deployment."""
    stage.fails_before_its_canary("r4", 4, reason=NO_CAPACITY)

    def begin(_: float) -> None:
        stage.endpoints.update_endpoint(
            EndpointName="acme-prod-churn", EndpointConfigName="config-r4"
        )
        if goes == "succeeds":
            stage.endpoints.finish()

    monkeypatch.setattr("time.sleep", begin)

    assert not wake()
    assert desk.parameters == {}


def test_a_lack_of_capacity_is_the_infrastructures_fault(
    stage: Stage, desk: Any, wake: Wake
) -> None:
    stage.fails_before_its_canary("r4", 4, reason=NO_CAPACITY)

    assert wake()
    assert desk.record["cause"] == "infrastructure"
    assert desk.record["reasons"][-1] == f"SageMaker says: {NO_CAPACITY}"
    assert "not rejected" in desk.told[0]["Message"]


def test_a_container_that_never_came_up_blames_nobody(stage: Stage, desk: Any, wake: Wake) -> None:
    ping = "The primary container for production variant AllTraffic did not pass the ping check."
    stage.fails_before_its_canary("r4", 4, reason=ping)

    assert wake()
    assert desk.record["cause"] == "unknown"


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed"])
def test_an_endpoint_that_failed_at_its_way_back_is_told_as_such(
    stage: Stage, desk: Any, wake: Wake, status: str
) -> None:
    stage.fails_before_its_canary("r4", 4, reason="")
    stage.endpoints.status = status

    assert wake()
    assert desk.record["reasons"][0].endswith(f"instead of r4, and is {status}")


def test_a_canary_that_no_alarm_ended_blames_nobody(stage: Stage, desk: Any, wake: Wake) -> None:
    stage.fails("r4", 4, red="")

    assert wake()
    assert desk.record["cause"] == "unknown"


def test_a_rollback_in_the_last_bake_is_noticed_though_no_canary_was_seen(
    stage: Stage, desk: Any, cloudwatch: Any, wake: Wake
) -> None:
    stage.fails("r4", 4)
    shift = min(cloudwatch.requests["config-r4"])
    cloudwatch.requests = {"config-r4": {shift: 300.0}}

    assert wake()
    assert (desk.record["cause"], desk.record["canary_invocations"]) == ("unknown", 0)


def test_the_config_may_be_deleted_as_soon_as_it_was_seen(
    stage: Stage, desk: Any, wake: Wake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation noticed the rollback as well, and clears up."""
    stage.fails("r4", 4)
    monkeypatch.setattr("time.sleep", lambda _: stage.endpoints.configs.pop("config-r4"))

    assert wake()
    assert desk.record["cause"] == "model"


def test_cloudformations_own_way_back_does_not_hide_what_failed(
    stage: Stage, desk: Any, wake: Wake, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.fails_before_its_canary("r4", 4, reason=NO_CAPACITY)

    def go_back(_: float) -> None:
        stage.endpoints.update_endpoint(
            EndpointName="acme-prod-churn", EndpointConfigName="config-r3"
        )

    monkeypatch.setattr("time.sleep", go_back)

    assert wake()
    assert (desk.record["version"], desk.record["cause"]) == (4, "infrastructure")


def test_a_rollback_during_the_way_back_does_not_blame_the_version_that_serves(
    stage: Stage, desk: Any, wake: Wake
) -> None:
    """Version 4 failed and was rejected; version 3, pinned again, fails at its own deployment."""
    stage.fails("r4", 4)
    wake()
    assert desk.record["cause"] == "model"
    stage.fails("r3-again", 3)

    assert wake()

    record = desk.record
    assert (record["deployment"], record["version"]) == ("config-r3-again", 3)
    assert (record["outcome"], record["cause"]) == ("unhealthy", "unknown")
    assert record["red_alarms"] == [f"{PREFIX}server-errors-r3-again"]
    assert "version 3 serves right now" in " ".join(record["reasons"])
    assert "not rejected" in desk.told[-1]["Message"]


def test_after_the_way_back_nothing_is_left_to_report(stage: Stage, desk: Any, wake: Wake) -> None:
    stage.fails("r4", 4)
    wake()
    stage.succeeds("r3-again", 3)

    assert not wake()
    assert desk.record["deployment"] == "config-r4", "the release check records the success"


def test_what_the_release_check_recorded_is_not_told_again(
    stage: Stage, desk: Any, wake: Wake
) -> None:
    stage.fails("r4", 4)
    wake()
    known = desk.record | {"cause": "unknown", "reasons": ["the check saw less"]}
    desk.parameters = dict.fromkeys(desk.parameters, json.dumps(known))

    assert not wake()
    assert len(desk.told) == 1


def test_a_healthy_release_that_was_taken_back_later_is_told(
    stage: Stage, desk: Any, wake: Wake
) -> None:
    stage.fails("r4", 4, red="")
    wake()
    known = desk.record | {"outcome": "healthy", "cause": None}
    desk.parameters = dict.fromkeys(desk.parameters, json.dumps(known))

    assert wake()
    assert desk.record["outcome"] == "unhealthy"


def test_an_alarm_that_only_the_attempted_release_has_is_found_by_its_deployment(
    stage: Stage, desk: Any, wake: Wake
) -> None:
    """The template of this function may be of the release before, which did not know the alarm."""
    stage.fails("r4", 4, red="fallbacks")
    stage.endpoints.alarms = [f"{PREFIX}fallbacks-r4", f"{PREFIX}latency-r3", "other-r4"]

    assert wake()
    assert desk.record["red_alarms"] == [f"{PREFIX}fallbacks-r4"]


def test_only_alarms_of_the_attempted_release_are_looked_at(
    stage: Stage, aws: Any, wake: Wake
) -> None:
    stage.fails("r4", 4)
    stage.endpoints.alarms = [f"{PREFIX}latency-r3", "other-r4"]

    wake()

    assert {asked["AlarmName"] for asked in aws.asked("DescribeAlarmHistory")} == {
        f"{PREFIX}latency-r4",
        f"{PREFIX}server-errors-r4",
    }


def test_figures_that_cloudwatch_does_not_have_are_an_error_and_no_silence(
    stage: Stage, cloudwatch: Any, wake: Wake
) -> None:
    stage.fails("r4", 4)
    cloudwatch.status = "InternalError"

    with pytest.raises(rollback_report.MetricsError, match="config-r4"):
        wake()


def test_two_events_of_one_change_do_not_tell_at_the_same_moment(
    stage: Stage, desk: Any, wake: Wake, clock: Any
) -> None:
    stage.fails("r4", 4)
    waits = []
    for number in range(10):
        desk.parameters.clear()
        before = clock.now
        wake({"id": f"event-{number}"})
        waits.append(clock.now - before)

    assert len(set(waits)) > 5
    assert all(0 <= wait < 30 for wait in waits)
