"""A release passes when it is live and proven, and nothing stands in the way of going back."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import contextlib
import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_handlers.rollout import release_check

START = datetime(2026, 1, 1, tzinfo=UTC)
DEPLOYED = START + timedelta(hours=1)
SHIFT = START + timedelta(hours=1, minutes=30)
RELEASE = "aaaaaaaaaaaa"
BEFORE = "bbbbbbbbbbbb"
ALARMS = ["acme-prod-churn-rollback-latency-aaaaaaaaaaaa"]
PACKAGES = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn"
STACK = "arn:aws:cloudformation:eu-west-1:400000000000:stack/check/1"
Ask = Callable[..., dict[str, Any]]


def event(type_: str = "Update", old: str = BEFORE, **changes: Any) -> dict[str, Any]:
    return {
        "RequestType": type_,
        "ResponseURL": "https://cloudformation.example/answer",
        "StackId": STACK,
        "RequestId": "r1",
        "LogicalResourceId": "Check",
        "OldResourceProperties": {"Release": old},
        "ResourceProperties": {
            "EndpointName": "acme-prod-churn",
            "Release": RELEASE,
            "ModelPackage": "200000000000:model-package/acme-churn/3",
            "Content": "unrecorded",
            "Image": "unrecorded",
            "AlarmNames": ALARMS,
            "MinimumInvocations": "100",
            "SharePercent": "10",
            "BakeMinutes": "10",
            "DeploymentMinutes": "60",
            **changes,
        },
    }


class World:
    """What CloudWatch and CloudFormation say; the endpoint is the service's own."""

    def __init__(self, aws: Any) -> None:
        self.alarm_state = "OK"
        self.stack_status = "UPDATE_IN_PROGRESS"
        self.both: dict[datetime, float] = {}
        self.new: dict[datetime, float] = {}
        self.config = ""
        self.deployed = DEPLOYED
        aws.operations |= {
            "DescribeAlarms": self.describe_alarms,
            "GetMetricData": self.get_metric_data,
            "DescribeStacks": self.describe_stacks,
        }

    def canary(self, *, per_minute: float, total: float = 300) -> None:
        """Ten minutes of canary, then all of the traffic for ten minutes."""
        minutes = [SHIFT + timedelta(minutes=n) for n in range(20)]
        self.both = dict.fromkeys(minutes, total)
        self.new = dict(zip(minutes, [per_minute] * 10 + [total] * 10, strict=True))
        self.new = {minute: count for minute, count in self.new.items() if count}

    def describe_alarms(self, *, AlarmNames: list[str]) -> dict[str, Any]:
        found = [{"AlarmName": name, "StateValue": self.alarm_state} for name in AlarmNames]
        return {"MetricAlarms": found}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        stack = {"StackName": "check", "CreationTime": START, "StackStatus": self.stack_status}
        return {"Stacks": [stack]}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        results = []
        asked_for = (request["StartTime"], request["EndTime"])
        assert asked_for == (self.deployed, self.deployed + timedelta(hours=1))
        for query in request["MetricDataQueries"]:
            dimensions = {
                d["Name"]: d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"]
            }
            asked = dimensions.get("EndpointConfigName")
            series = self.both if asked is None else self.new if asked == self.config else {}
            if query["MetricStat"]["Metric"]["MetricName"] != "Invocations":
                # Whatever failed failed on the new fleet, and nowhere else.
                series = self.new
            results.append(
                {
                    "Id": query["Id"],
                    "StatusCode": "Complete",
                    "Timestamps": list(series),
                    "Values": list(series.values()),
                }
            )
        return {"MetricDataResults": results}


@pytest.fixture
def world(aws: Any, cloudwatch: Any, desk: Any, clock: Any) -> World:
    return World(aws)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs the function and gives what it answered to CloudFormation."""
    sent: list[dict[str, Any]] = []

    def opened(request: urllib.request.Request, timeout: float) -> Any:
        sent.append(json.loads(bytes(request.data or b"")))  # type: ignore[arg-type]  # bytes here
        return type("Response", (), {"close": lambda self: None})()

    monkeypatch.setattr(urllib.request, "urlopen", opened)

    def asked(given: dict[str, Any]) -> dict[str, Any]:
        try:
            release_check.handler(given, None)
        finally:
            (answer,) = sent
            sent.clear()
            asked.answer = answer  # type: ignore[attr-defined]  # for tests of a failing handler
        return answer

    return asked


@pytest.fixture
def released(endpoints: Any, world: World) -> Any:
    """The endpoint after a canary of the requested release."""
    endpoints.create(endpoints.add_config(BEFORE, version=2))
    world.config = endpoints.add_config(RELEASE, version=3)
    endpoints.release(world.config)
    world.canary(per_minute=30)
    return endpoints


def test_a_live_release_whose_canary_was_called_passes(released: Any, ask: Ask) -> None:
    answer = ask(event())

    assert answer["Status"] == "SUCCESS", answer
    assert "300 requests" in answer["Reason"]


def test_a_silent_rollback_is_noticed(endpoints: Any, world: World, ask: Ask) -> None:
    endpoints.create(endpoints.add_config(BEFORE, version=2))
    endpoints.release(endpoints.add_config(RELEASE), rolled_back=True)

    answer = ask(event())

    assert endpoints.status == "InService"
    assert answer["Status"] == "FAILED"
    assert "unhealthy" in answer["Reason"]
    assert f"release {BEFORE}" in answer["Reason"]
    assert "the canary answered 0 requests" in answer["Reason"]
    assert "docs/runbooks/canary-rolled-back.md" in answer["Reason"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "its containers may serve anything"),
        ({"MODEL_CONTENT": "unrecorded"}, "its containers may serve unrecorded"),
        ({"MODEL_CONTENT": "b" * 64}, f"its containers may serve {'b' * 64}"),
    ],
)
def test_a_model_that_may_serve_another_archive_is_not_the_release(
    endpoints: Any, released: Any, ask: Ask, environment: dict[str, str], said: str
) -> None:
    endpoints.environment = {"Environment": environment}

    answer = ask(event(Content="a" * 64))

    assert answer["Status"] == "FAILED"
    assert said in answer["Reason"]


def test_an_image_that_is_not_the_released_one_is_not_the_release(
    endpoints: Any, released: Any, ask: Ask
) -> None:
    endpoints.image = "e" * 64

    answer = ask(event(Image="d" * 64))

    assert answer["Status"] == "FAILED"
    assert f"image sha256:{'e' * 64}" in answer["Reason"]


@pytest.mark.parametrize("image", ["d" * 64, ""], ids=["the released", "none said"])
def test_the_released_archive_and_image_pass(
    endpoints: Any, released: Any, ask: Ask, image: str
) -> None:
    endpoints.environment = {"Environment": {"MODEL_CONTENT": "a" * 64}}
    endpoints.image = image

    answer = ask(event(Content="a" * 64, Image="d" * 64))

    assert answer["Status"] == "SUCCESS", answer["Reason"]


def test_a_tag_on_another_package_proves_nothing(endpoints: Any, released: Any, ask: Ask) -> None:
    endpoints.configs[f"config-{RELEASE}"]["package"] = endpoints.configs[f"config-{BEFORE}"][
        "package"
    ]

    assert ask(event())["Status"] == "FAILED"


def test_a_canary_that_nobody_called_is_inconclusive_and_says_how_to_go_on(
    released: Any, world: World, ask: Ask, clock: Any
) -> None:
    world.canary(per_minute=0)

    answer = ask(event())

    assert answer["Status"] == "FAILED"
    assert "inconclusive" in answer["Reason"]
    assert "Nothing was reverted" in answer["Reason"]
    assert clock.now <= release_check.PATIENCE_SECONDS


def test_too_few_requests_are_inconclusive(released: Any, world: World, ask: Ask) -> None:
    world.canary(per_minute=9)

    assert "90 requests" in ask(event())["Reason"]


def test_metrics_that_come_late_are_waited_for(
    released: Any, world: World, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.canary(per_minute=0)
    monkeypatch.setattr("time.sleep", lambda _: world.canary(per_minute=30))

    assert ask(event())["Status"] == "SUCCESS"


def test_a_red_alarm_is_unhealthy_at_once(
    released: Any, world: World, ask: Ask, clock: Any
) -> None:
    world.alarm_state = "ALARM"

    assert "is red" in ask(event())["Reason"]
    assert clock.now == 0


def test_an_alarm_that_is_not_there_has_seen_nothing(released: Any, aws: Any, ask: Ask) -> None:
    aws.operations["DescribeAlarms"] = lambda **_: {"MetricAlarms": []}

    assert "has not been evaluated" in ask(event())["Reason"]


@pytest.mark.usefixtures("contract_file", "world")
def test_a_first_release_has_no_canary_and_passes_by_a_smoke_call(
    endpoints: Any, aws: Any, ask: Ask, body: Any
) -> None:
    endpoints.create(endpoints.add_config(RELEASE))
    aws.operations["InvokeEndpoint"] = lambda **_: {"Body": body(b"{}")}

    answer = ask(event("Create"))

    assert answer["Status"] == "SUCCESS"
    assert "first release, no canary" in answer["Reason"]
    assert len(aws.asked("InvokeEndpoint")) == 1


@pytest.mark.usefixtures("contract_file")
def test_a_first_release_that_does_not_answer_fails(
    endpoints: Any, world: World, aws: Any, desk: Any, ask: Ask
) -> None:
    def broken(**_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "ModelError", "Message": "500"}}, "InvokeEndpoint")

    endpoints.create(endpoints.add_config(RELEASE))
    aws.operations["InvokeEndpoint"] = broken
    world.deployed = START

    assert "the smoke call failed" in ask(event("Create"))["Reason"]
    assert (desk.record["outcome"], desk.record["cause"]) == ("unhealthy", "unknown")


def test_a_change_of_settings_moves_no_traffic_and_needs_none(
    released: Any, world: World, ask: Ask
) -> None:
    world.canary(per_minute=0)

    answer = ask(event(old=RELEASE, MinimumInvocations="50"))

    assert answer["Status"] == "SUCCESS"
    assert "only settings changed" in answer["Reason"]


def test_deleting_the_check_needs_nothing_of_the_endpoint(aws: Any, ask: Ask) -> None:
    assert ask(event("Delete"))["Status"] == "SUCCESS"
    assert aws.calls == []


def test_rolling_the_check_back_needs_nothing_of_the_endpoint(
    world: World, aws: Any, ask: Ask
) -> None:
    world.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert ask(event())["Status"] == "SUCCESS"
    assert [name for name, _ in aws.calls] == ["DescribeStacks"]


def test_a_check_that_breaks_answers_before_it_fails(aws: Any, ask: Ask) -> None:
    def broken(**_: Any) -> dict[str, Any]:
        raise RuntimeError("no answer")

    aws.operations["DescribeStacks"] = broken

    with pytest.raises(RuntimeError):
        ask(event())
    assert ask.answer["Status"] == "FAILED"  # type: ignore[attr-defined]  # see the fixture
    assert "its log says why" in ask.answer["Reason"]  # type: ignore[attr-defined]  # see there


def test_asking_twice_gives_the_same_answer_and_records_it_once(
    released: Any, aws: Any, ask: Ask
) -> None:
    assert ask(event()) == ask(event())
    changing = [name for name, _ in aws.calls if not name.startswith(("Describe", "Get", "List"))]
    assert changing == ["PutParameter"]


@pytest.mark.parametrize("accepts", [True, False], ids=["accepted", "refused"])
def test_after_a_silent_rollback_an_update_to_the_config_in_force_ends_safely(
    endpoints: Any, world: World, ask: Ask, *, accepts: bool
) -> None:
    """CloudFormation's own way back asks for the config that already runs."""
    endpoints.accepts_current = accepts
    endpoints.create(endpoints.add_config(BEFORE, version=2))
    endpoints.release(endpoints.add_config(RELEASE), rolled_back=True)
    try:
        endpoints.release(f"config-{BEFORE}")
    except ClientError:
        assert not accepts

    assert (endpoints.status, endpoints.config) == ("InService", f"config-{BEFORE}")
    assert ask(event())["Status"] == "FAILED"


@pytest.mark.parametrize("accepts", [True, False], ids=["accepting", "refusing"])
def test_the_way_on_after_a_rollback_is_a_config_of_its_own(
    endpoints: Any, world: World, ask: Ask, *, accepts: bool
) -> None:
    """Whatever the service does with the config in force, a forward deployment never asks it."""
    endpoints.accepts_current = accepts
    endpoints.create(endpoints.add_config(BEFORE, version=2))
    endpoints.release(endpoints.add_config(RELEASE), rolled_back=True)
    forward = "cccccccccccc"
    world.config = endpoints.add_config(forward, version=2)
    endpoints.release(world.config)
    world.canary(per_minute=30)
    asked = {"Release": forward, "ModelPackage": "200000000000:model-package/acme-churn/2"}

    assert ask(event(**asked))["Status"] == "SUCCESS"


def test_while_the_endpoint_is_updating_nothing_is_decided(
    released: Any, endpoints: Any, ask: Ask
) -> None:
    endpoints.status = "Updating"

    assert "still Updating" in ask(event())["Reason"]


@pytest.fixture
def rolled_back(endpoints: Any, world: World, cloudwatch: Any) -> None:
    """The requested release failed as a canary: an alarm was red, and is green again."""
    endpoints.create(endpoints.add_config(BEFORE, version=2))
    world.config = endpoints.add_config(RELEASE, version=3)
    world.canary(per_minute=30)
    cloudwatch.turned(ALARMS[0], "ALARM", SHIFT + timedelta(minutes=5))
    cloudwatch.turned(ALARMS[0], "OK", SHIFT + timedelta(minutes=12))
    endpoints.release(world.config, rolled_back=True)


@pytest.mark.usefixtures("rolled_back")
def test_a_rollback_by_an_alarm_is_recorded_as_the_models_fault_and_told(
    desk: Any, ask: Ask, clock: Any
) -> None:
    answer = ask(event())

    assert answer["Status"] == "FAILED"
    assert clock.now == 0, "nothing is missing, so nothing is waited for"
    record = desk.record
    assert (record["outcome"], record["cause"]) == ("unhealthy", "model")
    assert record["deployment"] == f"config-{RELEASE}"
    assert (record["version"], record["live_version"]) == (3, 2)
    assert record["red_alarms"] == ALARMS
    assert record["canary_invocations"] == 300
    assert record["package"].endswith(":model-package/acme-churn/3")
    assert desk.order == ["people", "record", "event"]
    assert record["reasons"] == [
        f"release {BEFORE} ({PACKAGES}/2) is live instead of {RELEASE}: SageMaker rolled back",
        (
            f"{ALARMS[0]} was red while the canary of version 3 answered 300 requests; "
            "new fleet: 100.0% of 3,300 requests failed, 0.001 ms on average; "
            "old fleet: 0.0% of 2,700 requests failed, 0 ms on average"
        ),
    ]


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize("broken", [None, "PutParameter"])
def test_what_a_rollback_answers_is_what_its_record_keeps(
    desk: Any, ask: Ask, broken: str | None
) -> None:
    desk.broken = {broken}

    with contextlib.suppress(ClientError):
        ask(event())

    reason = ask.answer["Reason"]  # type: ignore[attr-defined]  # see the fixture
    assert "the canary of version 3 answered 300 requests" in reason
    assert "not known" not in reason
    if broken is None:
        assert all(kept in reason for kept in desk.record["reasons"])


@pytest.mark.usefixtures("rolled_back")
def test_requests_that_are_counted_late_are_waited_for_before_anybody_is_blamed(
    world: World, desk: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.canary(per_minute=3)
    monkeypatch.setattr("time.sleep", lambda _: world.canary(per_minute=30))

    ask(event())

    assert desk.record["cause"] == "model"


def test_a_release_that_passes_is_recorded_and_told_nobody(
    released: Any, desk: Any, ask: Ask
) -> None:
    ask(event())

    record = desk.record
    assert (record["outcome"], record["cause"]) == ("healthy", None)
    assert (record["version"], record["live_version"]) == (3, 3)
    assert record["canary_invocations"] == 300
    assert record["red_alarms"] == []
    assert desk.order == ["record"]


def test_an_inconclusive_release_blames_nobody_and_is_told(
    released: Any, world: World, desk: Any, ask: Ask
) -> None:
    world.canary(per_minute=0)

    ask(event())

    assert (desk.record["outcome"], desk.record["cause"]) == ("inconclusive", "unknown")
    assert [one["DetailType"] for one in desk.events] == ["Mlops Release Inconclusive"]
    assert "docs/runbooks/release-inconclusive.md" in desk.told[0]["Message"]


def test_the_version_that_serves_is_not_blamed_when_its_own_alarm_is_red(
    released: Any, world: World, cloudwatch: Any, desk: Any, ask: Ask
) -> None:
    world.alarm_state = "ALARM"
    cloudwatch.turned(ALARMS[0], "ALARM", SHIFT + timedelta(minutes=5))

    ask(event())

    assert (desk.record["outcome"], desk.record["cause"]) == ("unhealthy", "unknown")
    assert "version 3 serves right now" in " ".join(desk.record["reasons"])


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize("broken", ["GetParameter", "Publish", "PutParameter"])
def test_a_verdict_that_cannot_be_recorded_is_answered_all_the_same_and_says_so(
    desk: Any, ask: Ask, broken: str
) -> None:
    desk.broken = {broken}

    with pytest.raises(ClientError):
        ask(event())
    answer = ask.answer  # type: ignore[attr-defined]  # see the fixture
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("not recorded, the log says why; unhealthy: release")
    assert f"release {BEFORE}" in answer["Reason"]


def test_a_good_release_passes_even_if_that_cannot_be_recorded(
    released: Any, desk: Any, ask: Ask
) -> None:
    desk.broken = {"PutParameter"}

    with pytest.raises(ClientError):
        ask(event())
    assert ask.answer["Status"] == "SUCCESS"  # type: ignore[attr-defined]  # see the fixture


def test_a_release_without_a_config_is_answered_and_not_recorded(
    endpoints: Any, world: World, desk: Any, ask: Ask
) -> None:
    endpoints.create(endpoints.add_config(BEFORE, version=2))

    with pytest.raises(LookupError, match="no config of release aaaaaaaaaaaa"):
        ask(event())
    assert ask.answer["Status"] == "FAILED"  # type: ignore[attr-defined]  # see the fixture
    assert desk.parameters == {}


def test_where_only_the_endpoint_has_requests_the_missing_dimension_is_named(
    world: World, endpoints: Any, ask: Ask
) -> None:
    endpoints.create(endpoints.add_config(BEFORE, version=2))
    endpoints.release(endpoints.add_config(RELEASE, version=3))
    world.canary(per_minute=30)
    world.new = {}

    reason = ask(event())["Reason"]

    assert "inconclusive" in reason
    assert "6000 requests under EndpointName and VariantName, and none with" in reason


def test_without_a_canary_the_endpoints_own_requests_of_the_last_bake_count(
    world: World, aws: Any, endpoints: Any, ask: Ask
) -> None:
    endpoints.create(endpoints.add_config(BEFORE, version=2))
    endpoints.release(endpoints.add_config(RELEASE, version=3))
    spans = []

    def both_alone(**request: Any) -> Any:
        spans.append(request["EndTime"] - request["StartTime"])
        results = {"both": ([SHIFT], [250.0]), "new": ([], [])}
        return {
            "MetricDataResults": [
                {"Id": id_, "StatusCode": "Complete", "Timestamps": at, "Values": values}
                for id_, (at, values) in results.items()
            ]
        }

    aws.operations["GetMetricData"] = both_alone
    whole = event()
    whole["ResourceProperties"] |= {"SharePercent": "100"}

    answer = ask(whole)

    assert answer["Status"] == "SUCCESS"
    assert "250 requests" in answer["Reason"]
    assert spans[-1] == timedelta(minutes=10)
