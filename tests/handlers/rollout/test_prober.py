"""Probes run while a release is under way, and each version is held to its own answers."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from mlops_handlers.rollout import prober, recorded_answers

pytestmark = pytest.mark.usefixtures("clock", "contract_file")
PACKAGES = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn"
URI = "s3://artifacts/models/churn/e1/Evaluate/evaluation/answers.json"


@pytest.fixture
def endpoint(aws: Any, endpoints: Any, body: Any, monkeypatch: pytest.MonkeyPatch) -> "Endpoint":
    monkeypatch.setenv("ENDPOINT_NAME", "acme-prod-churn")
    monkeypatch.setenv("PACKAGES", PACKAGES)
    monkeypatch.setenv("PROBES_PER_MINUTE", "10")
    monkeypatch.setenv("ANSWER_SECONDS", "10")
    monkeypatch.setenv("VERSION", "3")
    prober._runtime.cache_clear()
    recorded_answers.recorded_answers.cache_clear()
    endpoints.create(endpoints.add_config("aaaaaaaaaaaa"))
    endpoints.status = "Updating"
    return Endpoint(aws, body)


class Endpoint:
    """Two fleets: version 2 answers 0.5, version 3 answers what the test says."""

    def __init__(self, aws: Any, body: Callable[[bytes], Any]) -> None:
        self.calls = 0
        self.reading = "3"
        self.answers: dict[str, object] = {"2": {"probability": 0.5}, "3": {"probability": 0.8}}
        self.recorded = {"2": 0.5, "3": 0.8}
        self.cases: dict[str, object] = {"one": {"x": 1}, "text": "x\n1\n"}
        self.kept = dict(self.cases)
        """Of these, what the old version recorded."""
        self.metadata = {"answers_uri": URI}
        self._body = body
        aws.operations |= {
            "InvokeEndpoint": self.invoke,
            "DescribeModelPackage": self.describe,
            "GetObject": self.read,
            "PutMetricData": lambda **_: {},
        }

    def invoke(self, **_: Any) -> dict[str, Any]:
        self.calls += 1
        version = "3" if self.calls % 5 == 0 else "2"
        answer = json.dumps(self.answers[version]).encode()
        return self.said(answer, version)

    def said(self, body: bytes, version: str, kind: str = "application/json") -> dict[str, Any]:
        attributes = f"model-version={version}"
        return {"Body": self._body(body), "ContentType": kind, "CustomAttributes": attributes}

    def describe(self, *, ModelPackageName: str) -> dict[str, Any]:
        version = ModelPackageName.rpartition("/")[2]
        self.reading = version
        from datetime import UTC, datetime

        return {
            "ModelPackageName": "acme-churn",
            "ModelPackageArn": ModelPackageName,
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            **({"CustomerMetadataProperties": self.metadata} if self.recorded else {}),
        }

    def read(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        assert f"s3://{Bucket}/{Key}" == URI
        value = {"probability": self.recorded[self.reading]}
        return {"Body": self._body(self.file(value))}

    def file(self, value: object) -> bytes:
        """The file of recorded answers, if each is this."""
        known = self.kept if self.reading == "2" else self.cases
        cases = [{"name": n, "request": asked, "response": value} for n, asked in known.items()]
        return json.dumps({"cases": cases}).encode()


def counts(**given: int) -> dict[str, int]:
    return {"probes": 0, "wrong": 0, "unanswered": 0, "unscored": 0, "unrecorded": 0, **given}


def metrics(aws: Any) -> dict[str, dict[float, float]]:
    """Published values and their counts, by model version."""
    found: dict[str, Counter[float]] = {}
    for request in aws.asked("PutMetricData"):
        assert request["Namespace"] == "Mlops/Serving"
        (datum,) = request["MetricData"]
        assert datum["MetricName"] == "WrongAnswers"
        dimensions = {d["Name"]: d["Value"] for d in datum["Dimensions"]}
        assert dimensions["EndpointName"] == "acme-prod-churn"
        one = found.setdefault(dimensions["ModelVersion"], Counter())
        one.update(dict(zip(datum["Values"], datum["Counts"], strict=True)))
    return {version: dict(one) for version, one in found.items()}


def test_no_release_under_way_means_no_probe(aws: Any, endpoints: Any, endpoint: Endpoint) -> None:
    endpoints.status = "InService"

    assert prober.handler({}, None) == counts()
    assert [name for name, _ in aws.calls] == ["DescribeEndpoint"]


def test_each_version_is_held_to_its_own_answers(aws: Any, endpoint: Endpoint) -> None:
    assert prober.handler({}, None) == counts(probes=10)
    assert metrics(aws) == {"2": {0.0: 8}, "3": {0.0: 2}}


def test_a_model_that_answers_fast_and_wrong_is_seen_per_version(
    aws: Any, endpoint: Endpoint
) -> None:
    endpoint.answers["3"] = {"probability": 0.2}

    assert prober.handler({}, None) == counts(probes=10, wrong=2)
    assert metrics(aws) == {"2": {0.0: 8}, "3": {1.0: 2}}


def test_answers_that_are_not_the_registered_ones_judge_nobody(
    aws: Any, endpoint: Endpoint
) -> None:
    endpoint.recorded = {"3": 0.8, "2": 0.8}
    registered = hashlib.sha256(endpoint.file({"probability": 0.8})).hexdigest()
    endpoint.metadata["answers_sha256"] = registered
    assert recorded_answers.recorded_answers(f"{PACKAGES}/3").cases
    endpoint.recorded["2"] = 0.5  # somebody wrote over the file

    with pytest.raises(recorded_answers.ReplacedAnswersError, match=registered):
        recorded_answers.recorded_answers(f"{PACKAGES}/2")


def test_another_shape_of_answer_is_wrong(aws: Any, endpoint: Endpoint) -> None:
    endpoint.answers["3"] = {"score": 0.8}

    assert metrics_after(aws)["3"] == {1.0: 2}


def metrics_after(aws: Any) -> dict[str, dict[float, float]]:
    prober.handler({}, None)
    return metrics(aws)


def test_without_recorded_answers_the_contracts_hold_with_its_tolerance(
    aws: Any, endpoint: Endpoint
) -> None:
    endpoint.recorded = {}
    endpoint.answers = {"2": {"probability": 0.6}, "3": {"probability": 0.9}}

    assert metrics_after(aws) == {"2": {0.0: 8}, "3": {1.0: 2}}


@pytest.mark.parametrize("answer", [0.5, 0.2])
@pytest.mark.parametrize("kept", [{"one": {"x": 1}}, {"one": {"x": 1}, "text": "x\n2\n"}])
def test_an_answer_that_a_version_did_not_record_is_neither_right_nor_wrong(
    aws: Any, endpoint: Endpoint, kept: dict[str, object], answer: float
) -> None:
    """A request that is newer than the version: as a right answer it would dilute wrong ones."""
    endpoint.kept = kept
    endpoint.answers["2"] = {"probability": answer}

    found = prober.handler({}, None)

    assert found["probes"] + found["unrecorded"] == 10
    assert 3 <= found["unrecorded"] <= 5  # of ten, two are the new version's
    assert sum(sum(one.values()) for one in metrics(aws).values()) == found["probes"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b'{"probability": 0.8}', "text/html"),
        (b'{"probability": 0.8', "application/json"),
        (b'{"probability": 0.8}' + 50_000 * b" ", "application/json"),
    ],
)
def test_an_answer_that_no_caller_could_read_is_wrong(
    aws: Any, endpoint: Endpoint, content: bytes, kind: str
) -> None:
    def invoke(**asked: Any) -> dict[str, Any]:
        answer = endpoint.invoke(**asked)
        new = answer["CustomAttributes"] == "model-version=3"
        return endpoint.said(content, "3", kind) if new else answer

    aws.operations["InvokeEndpoint"] = invoke

    assert prober.handler({}, None) == counts(probes=10, wrong=2)


def test_a_body_that_comes_in_parts_is_read_whole(aws: Any, endpoint: Endpoint) -> None:
    class Parts:
        def __init__(self) -> None:
            self.left = [b'{"probability"', b": 0.8}"]

        def read(self, amount: int) -> bytes:
            return self.left.pop(0) if self.left else b""

    aws.operations["InvokeEndpoint"] = lambda **_: {**endpoint.said(b"", "3"), "Body": Parts()}

    assert prober.handler({}, None) == counts(probes=10)


def test_a_flood_is_not_read_to_its_end(aws: Any, endpoint: Endpoint) -> None:
    class Flood:
        read_bytes = 0

        def read(self, amount: int) -> bytes:
            self.read_bytes += amount
            return amount * b" "

    flood = Flood()
    aws.operations["InvokeEndpoint"] = lambda **_: {**endpoint.said(b"", "3"), "Body": flood}

    assert prober.handler({}, None) == counts(probes=10, wrong=10)
    assert flood.read_bytes < 100_000


def test_everything_that_the_release_recorded_is_asked_in_its_own_form(
    aws: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few probes fit into a minute: each minute begins elsewhere."""
    monkeypatch.setenv("PROBES_PER_MINUTE", "3")
    endpoint.cases = {str(n): {"x": n} for n in range(8)} | {"table": "x\n1\n"}

    for _ in range(60):
        prober.handler({}, None)

    asked = aws.asked("InvokeEndpoint")
    assert {json.dumps(case) for case in endpoint.cases.values() if isinstance(case, dict)} | {
        "x\n1\n"
    } == {request["Body"].decode() for request in asked}


def test_probes_are_told_from_requests_by_their_inference_id(aws: Any, endpoint: Endpoint) -> None:
    prober.handler({}, None)

    asked = aws.asked("InvokeEndpoint")
    assert all(request["InferenceId"].startswith("mlops-probe-") for request in asked)
    assert len({request["InferenceId"] for request in asked}) == 10
    assert {request["ContentType"] for request in asked} == {"application/json", "text/csv"}


def test_probes_spread_and_end_within_the_minute(endpoint: Endpoint, clock: Any) -> None:
    prober.handler({}, None)

    assert 30 < clock.now < 60


def test_a_request_that_fails_is_the_error_alarms_matter(aws: Any, endpoint: Endpoint) -> None:
    def broken(**_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "ModelError", "Message": "500"}}, "InvokeEndpoint")

    aws.operations["InvokeEndpoint"] = broken

    assert prober.handler({}, None) == counts()
    assert aws.asked("PutMetricData") == []


@pytest.mark.parametrize(
    ("attributes", "content", "version"),
    [
        ("model-version=12", b"{}", "12"),
        ("trace=1;x-model-version=7", b"{}", "7"),
        ("", b'{"model_version": 4}', "4"),
        ("something=else", b'{"a": 1}', None),
        ("", b"0.5,0.6", None),
    ],
)
def test_the_version_is_told_by_an_attribute_or_by_the_body(
    attributes: str, content: bytes, version: str | None
) -> None:
    assert prober.answering_version(attributes, content) == version


def test_an_answer_of_nobody_knows_which_version_is_not_scored(
    aws: Any, endpoint: Endpoint, body: Any
) -> None:
    said = {"ContentType": "application/json"}
    aws.operations["InvokeEndpoint"] = lambda **_: {**said, "Body": body(b"{}")}

    assert prober.handler({}, None) == counts(unscored=10)


URL = "https://runtime.sagemaker.eu-west-1.amazonaws.com"
UNANSWERED = {
    "it takes too long": ReadTimeoutError(endpoint_url=URL),
    "the connection is closed": ConnectionClosedError(endpoint_url=URL),
    "nobody takes the connection": ConnectTimeoutError(endpoint_url=URL),
    "there is no connection": EndpointConnectionError(endpoint_url=URL),
}


class Broken:
    """A body that ends before it is whole."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, amount: int) -> bytes:
        raise self.error


def unanswered_at(endpoint: Endpoint, aws: Any, broken: Callable[[], Any], *calls: int) -> None:
    def invoke(**asked: Any) -> dict[str, Any]:
        answer = endpoint.invoke(**asked)
        return broken() if endpoint.calls in calls else answer

    aws.operations["InvokeEndpoint"] = invoke


@pytest.mark.parametrize("why", UNANSWERED)
def test_an_unanswered_probe_is_a_wrong_answer_and_loses_nothing_else(
    aws: Any, endpoint: Endpoint, why: str
) -> None:
    def broken() -> Any:
        raise UNANSWERED[why]

    unanswered_at(endpoint, aws, broken, 4)

    assert prober.handler({}, None) == counts(probes=9, wrong=1, unanswered=1)
    assert metrics(aws) == {"2": {0.0: 7}, "3": {0.0: 2, 1.0: 1}}


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url=URL),
        ResponseStreamingError(error=OSError()),
        IncompleteReadError(actual_bytes=1, expected_bytes=9),
    ],
)
def test_a_body_that_breaks_off_is_no_answer(aws: Any, endpoint: Endpoint, error: Any) -> None:
    unanswered_at(endpoint, aws, lambda: {"Body": Broken(error)}, 4)

    assert prober.handler({}, None) == counts(probes=9, wrong=1, unanswered=1)


def test_where_the_release_answers_nothing_an_unanswered_probe_is_not_held_against_it(
    aws: Any, endpoint: Endpoint
) -> None:
    """Its fleet may have no traffic yet, and the old one hang."""

    def broken() -> Any:
        raise ReadTimeoutError(endpoint_url=URL)

    unanswered_at(endpoint, aws, broken, 1, 5, 10)  # 5 and 10 would have been the release's

    assert prober.handler({}, None) == counts(probes=7, unanswered=3)
    assert metrics(aws) == {"2": {0.0: 7}}


def test_what_was_found_is_published_before_the_run_is_over(aws: Any, endpoint: Endpoint) -> None:
    """A function that is ended in its last second has lost its last seconds, not its minute."""
    published = []

    def invoke(**asked: Any) -> dict[str, Any]:
        published.append(sum(sum(one.values()) for one in metrics(aws).values()))
        return endpoint.invoke(**asked)

    aws.operations["InvokeEndpoint"] = invoke

    prober.handler({}, None)

    assert published[-1] >= 6


@pytest.mark.parametrize("error", [MemoryError(), ClientError({"Error": {}}, "GetObject")])
def test_an_error_that_ends_the_run_loses_nothing_that_was_found(
    aws: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    judged = prober.objection

    def broken(*asked: Any) -> str | None:
        if endpoint.calls == 7:
            raise error
        return judged(*asked)

    monkeypatch.setattr(prober, "objection", broken)

    with pytest.raises(type(error)):
        prober.handler({}, None)

    assert metrics(aws) == {"2": {0.0: 5}, "3": {0.0: 1}}


@pytest.mark.parametrize("seconds", [0.5, 3.0, 9.5])
def test_answers_that_take_long_never_keep_the_run_from_its_end(
    aws: Any, endpoint: Endpoint, clock: Any, seconds: float
) -> None:
    def invoke(**asked: Any) -> dict[str, Any]:
        clock.now += seconds
        return endpoint.invoke(**asked)

    aws.operations["InvokeEndpoint"] = invoke
    before = clock.now

    prober.handler({}, None)

    assert clock.now - before < 57
    assert sum(sum(one.values()) for one in metrics(aws).values()) == endpoint.calls > 3


def test_a_probe_is_asked_once_and_waits_as_long_as_it_is_told(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWER_SECONDS", "24")

    config = prober._runtime().meta.config

    assert (config.read_timeout, config.retries["total_max_attempts"]) == (24, 1)
