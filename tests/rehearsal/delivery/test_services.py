from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops.aws_api.stand_in import ForbiddenRequestError
from mlops.rehearsal.delivery.services import StageServices

ENDPOINT = "acme-prod-churn"


@pytest.fixture
def services() -> StageServices:
    made = StageServices.empty(account="444444444444", region="eu-west-1")
    made.state["endpoints"][ENDPOINT] = {
        "config": "new", "status": "InService", "created": 0.0, "changed": 600.0, "failure": "",
    }  # fmt: skip
    for name, created in (("old", 0.0), ("new", 300.0)):
        made.state["configs"][name] = {
            "created": created,
            "variant": "AllTraffic",
            "model": f"model-{name}",
            "tags": {"mlops:release": name},
        }
        made.state["models"][f"model-{name}"] = {
            "package": PACKAGE, "content": "0" * 64, "created": created,
        }  # fmt: skip
    made.state["sums"] = {
        "old": {"Invocations": {"300.0": 90, "360.0": 10}, "Invocation5XXErrors": {"300.0": 2}},
        "new": {"Invocations": {"300.0": 10}},
    }
    made.state["alarms"] = {"a-errors": "OK", "b-latency": "ALARM"}
    made.state["history"] = [
        {"alarm": "a-errors", "at": 310.0, "state": "ALARM"},
        {"alarm": "a-errors", "at": 500.0, "state": "OK"},
    ]
    return made


PACKAGE = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/acme-churn/3"


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def series(services: StageServices, **dimensions: str) -> list[float]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": named}
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    answer = services.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=at(0), EndTime=at(400)
    )
    values: list[float] = answer["MetricDataResults"][0]["Values"]
    return values


def test_an_endpoint_is_followed_to_the_package_that_it_runs(services: StageServices) -> None:
    sagemaker = services.client("sagemaker")

    endpoint = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    tags = sagemaker.list_tags(ResourceArn=config["EndpointConfigArn"])["Tags"]

    assert model["Containers"][0]["ModelPackageName"] == PACKAGE
    assert tags == [{"Key": "mlops:release", "Value": "new"}]
    assert "FailureReason" not in endpoint


def test_the_newest_config_is_listed_first(services: StageServices) -> None:
    listed = services.client("sagemaker").list_endpoint_configs(
        SortBy="CreationTime", SortOrder="Descending"
    )["EndpointConfigs"]

    assert [config["EndpointConfigName"] for config in listed] == ["new", "old"]


def test_requests_are_counted_for_one_fleet_or_for_both(services: StageServices) -> None:
    endpoint = {"EndpointName": ENDPOINT, "VariantName": "AllTraffic"}

    assert series(services, **endpoint, EndpointConfigName="new") == [10]
    assert series(services, **endpoint) == [100, 10]


@pytest.mark.parametrize(
    "changed",
    [
        {"Owner": "me"},
        {"VariantName": "Main"},
        {"EndpointName": "acme-dev-churn"},
        {"EndpointConfigName": "new", "Owner": "me"},
    ],
)
def test_a_metric_under_other_dimensions_has_no_points(
    services: StageServices, changed: dict[str, str]
) -> None:
    assert (
        series(services, **{"EndpointName": ENDPOINT, "VariantName": "AllTraffic", **changed}) == []
    )


def test_an_alarm_that_is_green_again_shows_in_its_history(services: StageServices) -> None:
    cloudwatch = services.client("cloudwatch")

    now = cloudwatch.describe_alarms(AlarmNamePrefix="a-")["MetricAlarms"]
    then = cloudwatch.describe_alarm_history(
        AlarmName="a-errors", HistoryItemType="StateUpdate", StartDate=at(0), EndDate=at(400)
    )["AlarmHistoryItems"]

    assert [alarm["StateValue"] for alarm in now] == ["OK"]
    assert ['"ALARM"' in item["HistoryData"] for item in then] == [True]


def test_what_functions_leave_is_there_for_the_next_one(
    services: StageServices, tmp_path: Path
) -> None:
    services.client("ssm").put_parameter(Name="/a", Value="1", Type="String", Overwrite=True)
    services.client("sns").publish(
        TopicArn="arn:aws:sns:eu-west-1:444444444444:t", Subject="s", Message="m"
    )
    services.write(tmp_path / "services.json")

    again = StageServices.read(tmp_path / "services.json")

    assert again.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "1"
    assert [message["Subject"] for message in again.state["messages"]] == ["s"]


@pytest.mark.parametrize(
    ("service", "operation", "asked", "code"),
    [
        ("ssm", "get_parameter", {"Name": "/none"}, "ParameterNotFound"),
        ("sagemaker", "describe_endpoint", {"EndpointName": "none"}, "ValidationException"),
        ("sagemaker", "delete_endpoint", {"EndpointName": ENDPOINT}, "UnknownOperationException"),
    ],
)
def test_what_is_missing_is_refused_as_the_service_would(
    services: StageServices, service: str, operation: str, asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(services.client(service), operation)(**asked)

    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("stat", "values"),
    [({}, [10]), ({"Unit": "None"}, [10]), ({"Unit": "Count"}, [])],
    ids=str,
)
def test_a_metric_has_points_in_its_own_unit_alone(
    stat: dict[str, Any], values: list[float], services: StageServices
) -> None:
    assert asked_for(services, **stat) == values


@pytest.mark.parametrize("stat", [{"Period": 90}, {"Stat": "Average"}], ids=str)
def test_a_statistic_that_is_not_rehearsed_is_refused(
    stat: dict[str, Any], services: StageServices
) -> None:
    with pytest.raises(ClientError, match="allowed is Sum, of whole minutes"):
        asked_for(services, **stat)


def asked_for(services: StageServices, **stat: Any) -> list[float]:
    names = {"EndpointName": ENDPOINT, "VariantName": "AllTraffic", "EndpointConfigName": "new"}
    metric = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
    }
    query = {"Metric": metric, "Period": 60, "Stat": "Sum"} | stat
    answer = services.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": query}], StartTime=at(0), EndTime=at(1000)
    )
    return list(answer["MetricDataResults"][0]["Values"])


def test_a_call_that_the_service_model_forbids_never_gets_an_answer(
    services: StageServices,
) -> None:
    with pytest.raises(ForbiddenRequestError, match=r"DescribeEndpoint: .*length less than .* 63"):
        services.client("sagemaker").describe_endpoint(EndpointName="x" * 64)
