"""The functions' AWS: real clients, real requests, answers from folders and one file."""

import json
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from mlops.aws_api.stand_in import ForbiddenRequestError
from mlops.rehearsal.drift.services import DriftServices, empty_services, read_services

ACCOUNT = "222222222222"
NOON = datetime(2012, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "services.json"


@pytest.fixture
def services(tmp_path: Path, path: Path) -> DriftServices:
    return empty_services(
        path, account=ACCOUNT, region="eu-west-1", storage=tmp_path / "s3",
        registry=tmp_path / "registry", registrar=ACCOUNT,
    )  # fmt: skip


def keys(s3: Any, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="captures", Prefix=prefix)
    return [found["Key"] for page in pages for found in page.get("Contents", ())]


def test_objects_are_put_listed_by_prefix_and_read(services: DriftServices) -> None:
    s3 = services.client("s3")
    for key in ("a/01/x.json", "a/02/x.json", "b/x.json"):
        s3.put_object(Bucket="captures", Key=key, Body=key.encode())

    assert keys(s3, "a/") == ["a/01/x.json", "a/02/x.json"]
    assert keys(s3, "a/0") == ["a/01/x.json", "a/02/x.json"]
    assert keys(s3, "none/") == []
    assert s3.get_object(Bucket="captures", Key="b/x.json")["Body"].read() == b"b/x.json"


def test_an_object_that_is_not_there_is_refused_as_s3_does(services: DriftServices) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        services.client("s3").get_object(Bucket="captures", Key="none")


def test_metrics_are_kept_for_the_alarms(services: DriftServices, path: Path) -> None:
    datum = {"MetricName": "Runs", "Value": 1.0, "Dimensions": [{"Name": "E", "Value": "e"}]}
    services.client("cloudwatch").put_metric_data(Namespace="Mlops/Monitoring", MetricData=[datum])
    services.write(path)

    (kept,) = read_services(path).state["metrics"]
    assert (kept["name"], kept["value"], kept["dimensions"]) == ("Runs", 1.0, {"E": "e"})


def start(services: DriftServices, token: str, name: str = "automatic-drift-1") -> str:
    answer = services.client("sagemaker").start_pipeline_execution(
        PipelineName="mlops-tiny-training",
        PipelineExecutionDisplayName=name,
        PipelineParameters=[{"Name": "DataUri", "Value": "s3://data/1"}],
        ClientRequestToken=token.ljust(32, "0") if token else token,
    )
    return str(answer["PipelineExecutionArn"])


def test_one_token_starts_one_execution(services: DriftServices) -> None:
    first, again, other = start(services, "a"), start(services, "a"), start(services, "b")

    assert first == again != other
    assert [row["parameters"] for row in services.state["executions"]] == [
        {"DataUri": "s3://data/1"}
    ] * 2


def test_executions_are_listed_newest_first_at_the_replays_time(services: DriftServices) -> None:
    for number, token in enumerate("ab"):
        services.state["now"] = datetime(2012, 1 + number, 1, tzinfo=UTC).timestamp()
        start(services, token)

    listed = services.client("sagemaker").list_pipeline_executions(
        PipelineName="mlops-tiny-training", SortBy="CreationTime", SortOrder="Descending"
    )["PipelineExecutionSummaries"]

    assert [one["StartTime"].month for one in listed] == [2, 1]
    assert {one["PipelineExecutionStatus"] for one in listed} == {"Executing"}


def test_a_published_object_carries_what_its_publisher_said(services: DriftServices) -> None:
    services.state["published"]["data/x.csv"] = {"at": 0.0, "metadata": {"sha256": "abc"}}

    head = services.client("s3").head_object(Bucket="captures", Key="data/x.csv")

    assert head["Metadata"] == {"sha256": "abc"}


def test_a_request_that_the_service_would_refuse_is_refused(services: DriftServices) -> None:
    with pytest.raises(ForbiddenRequestError, match="StartPipelineExecution"):
        start(services, "")

    assert json.dumps(services.state["executions"]) == "[]"


def test_an_object_is_created_once_where_the_caller_asks_for_it(services: DriftServices) -> None:
    s3 = services.client("s3")
    s3.put_object(Bucket="captures", Key="claim", Body=b"first", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="captures", Key="claim", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket="captures", Key="claim")["Body"].read() == b"first"


def test_what_an_endpoint_answered_is_what_a_function_counts(services: DriftServices) -> None:
    """The publishing function's own question, under the dimensions that SageMaker publishes."""
    services.serve("acme-prod-churn", variant="AllTraffic", at=NOON, requests=12.0)

    assert counted(services, "acme-prod-churn", "AllTraffic") == 12.0
    assert counted(services, "acme-prod-other", "AllTraffic") == 0.0
    assert counted(services, "acme-prod-churn", "Green") == 0.0


def counted(services: DriftServices, endpoint: str, variant: str) -> float:
    function = import_module("mlops_handlers.monitoring.publish_drift")
    environment = {"ENDPOINT_NAME": endpoint, "VARIANT": variant}
    window = {
        "Start": (NOON - timedelta(days=1)).isoformat(),
        "End": (NOON + timedelta(days=1)).isoformat(),
    }
    with (
        patch.dict("os.environ", environment),
        patch.object(function, "client", services.client),
    ):
        return float(function._invocations(window))


def test_a_part_that_no_service_reads_cannot_be_set(services: DriftServices) -> None:
    with pytest.raises(KeyError, match="no service reads invocations"):
        services.change(metrics=[], invocations={})
