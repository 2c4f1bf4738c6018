"""What runs is told by the endpoint, followed to the package."""

from datetime import timedelta
from typing import Any

import pytest

from mlops_handlers.rollout.live_release import live_release

ENDPOINT = "acme-prod-churn"


def test_the_release_is_the_tag_of_the_config_in_force(aws: Any, endpoints: Any) -> None:
    endpoints.create(endpoints.add_config("aaaaaaaaaaaa", version=3))

    live = live_release(aws.client("sagemaker"), ENDPOINT)

    assert (live.release, live.status, live.variant) == ("aaaaaaaaaaaa", "InService", "AllTraffic")
    assert live.package is not None
    assert live.package.endswith("model-package/acme-churn/3")


def test_a_config_without_a_tag_is_nobodys_release(aws: Any, endpoints: Any) -> None:
    endpoints.create(endpoints.add_config("aaaaaaaaaaaa"))
    endpoints.configs["config-aaaaaaaaaaaa"]["tags"] = {}

    assert live_release(aws.client("sagemaker"), ENDPOINT).release is None


@pytest.mark.parametrize("seconds", [0, 5])
def test_a_config_made_with_or_before_its_endpoint_is_the_first(
    aws: Any, endpoints: Any, seconds: int
) -> None:
    endpoints.create(endpoints.add_config("aaaaaaaaaaaa", age=timedelta(seconds=seconds)))

    assert live_release(aws.client("sagemaker"), ENDPOINT).first


def test_a_config_made_while_the_endpoint_existed_is_not(aws: Any, endpoints: Any) -> None:
    endpoints.create(endpoints.add_config("bbbbbbbbbbbb"))
    endpoints.release(endpoints.add_config("aaaaaaaaaaaa"))

    assert not live_release(aws.client("sagemaker"), ENDPOINT).first


def test_a_model_of_a_primary_container_is_followed_as_well(aws: Any, endpoints: Any) -> None:
    endpoints.create(endpoints.add_config("aaaaaaaaaaaa"))
    described = endpoints.describe_model(ModelName="model-aaaaaaaaaaaa")
    described["PrimaryContainer"] = described.pop("Containers")[0]
    aws.operations["DescribeModel"] = lambda **_: described

    live = live_release(aws.client("sagemaker"), ENDPOINT)

    assert live.package is not None
    assert live.package.endswith("/3")


def test_what_the_endpoint_says_of_itself_is_read(aws: Any, endpoints: Any) -> None:
    endpoints.create(endpoints.add_config("aaaaaaaaaaaa"))
    endpoints.failure_reason = "no capacity"
    endpoints.alarms = ["one", "two"]
    endpoints.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="config-next")

    live = live_release(aws.client("sagemaker"), ENDPOINT)

    assert (live.failure_reason, live.alarms) == ("no capacity", ("one", "two"))
    assert (live.status, live.pending) == ("Updating", "config-next")


def test_an_endpoint_that_says_nothing_of_the_kind_is_fine(aws: Any, endpoints: Any) -> None:
    endpoints.create(endpoints.add_config("aaaaaaaaaaaa"))

    live = live_release(aws.client("sagemaker"), ENDPOINT)

    assert (live.failure_reason, live.alarms, live.pending) == ("", (), None)
