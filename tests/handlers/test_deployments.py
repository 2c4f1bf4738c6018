"""One deployment, one config; the newest is found among everybody's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_handlers.deployments import (
    deployment,
    deployments_since,
    newest_deployment,
    tags_of,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
ENDPOINT = "acme-prod-churn"
ACCOUNT = "arn:aws:sagemaker:eu-west-1:400000000000"


def test_a_config_is_followed_to_its_release_and_version(aws: Any, endpoints: Any) -> None:
    config = endpoints.add_config("aaaaaaaaaaaa", version=12)

    found = deployment(aws.client("sagemaker"), config)

    assert (found.config, found.variant, found.began) == (config, "AllTraffic", START)
    assert (found.release, found.version) == ("aaaaaaaaaaaa", 12)


def test_a_model_of_something_else_has_no_version(aws: Any, endpoints: Any) -> None:
    config = endpoints.add_config("aaaaaaaaaaaa")
    described = endpoints.describe_model(ModelName="model-aaaaaaaaaaaa")
    described["Containers"] = [{"Image": "an-image"}]
    aws.operations["DescribeModel"] = lambda **_: described

    assert deployment(aws.client("sagemaker"), config).version is None


def test_all_tags_are_read(aws: Any, endpoints: Any) -> None:
    endpoints.add_config("aaaaaaaaaaaa")

    assert tags_of(aws.client("sagemaker"), f"{ACCOUNT}:endpoint-config/config-aaaaaaaaaaaa") == {
        "mlops:release": "aaaaaaaaaaaa",
        "mlops:endpoint": ENDPOINT,
    }


@pytest.fixture
def crowded(endpoints: Any) -> Any:
    """Two configs of ours, and five newer ones of another endpoint."""
    endpoints.add_config("old", age=timedelta(days=2))
    endpoints.add_config("new", age=timedelta(days=1))
    for number in range(5):
        endpoints.add_config(f"other{number}", age=timedelta(hours=number), owner="acme-prod-fraud")
    return endpoints


@pytest.mark.usefixtures("crowded")
def test_the_newest_config_of_this_endpoint_is_found_behind_newer_ones_of_others(
    aws: Any,
) -> None:
    found = newest_deployment(aws.client("sagemaker"), ENDPOINT, since=START - timedelta(days=9))

    assert found is not None
    assert found.config == "config-new"


@pytest.mark.usefixtures("crowded")
def test_the_search_ends_with_the_first_that_is_ours(aws: Any) -> None:
    newest_deployment(aws.client("sagemaker"), ENDPOINT, since=START - timedelta(days=9))

    looked_at = [asked["ResourceArn"].rpartition("/")[2] for asked in aws.asked("ListTags")]
    assert "config-old" not in looked_at
    assert len(aws.asked("ListEndpointConfigs")) == 3


@pytest.mark.usefixtures("crowded")
def test_what_is_older_than_asked_for_is_not_looked_at(aws: Any) -> None:
    found = newest_deployment(aws.client("sagemaker"), ENDPOINT, since=START - timedelta(hours=9))

    assert found is None


@pytest.mark.usefixtures("crowded")
def test_all_of_this_endpoints_configs_since_a_moment_come_newest_first(aws: Any) -> None:
    sagemaker = aws.client("sagemaker")

    every = deployments_since(sagemaker, ENDPOINT, since=START - timedelta(days=9))
    late = deployments_since(sagemaker, ENDPOINT, since=START - timedelta(days=1, hours=1))

    assert [one.config for one in every] == ["config-new", "config-old"]
    assert [one.config for one in late] == ["config-new"]
