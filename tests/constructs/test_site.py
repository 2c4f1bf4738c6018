"""Where a stage keeps its things."""

from collections.abc import Callable

import pytest

from mlops_constructs.site import Site

# And nothing of a creation that failed, so that it can be tried again under the same name.
KEPT = "RETAIN_ON_UPDATE_OR_DELETE"


def test_addresses_are_strings_of_the_stages_account_and_region(
    site_of: Callable[..., Site],
) -> None:
    site = site_of("prod")

    assert site.artifact_bucket_arn == "arn:aws:s3:::acme-prod-artifacts-400000000000-eu-west-1"
    assert site.alert_topic_arn == "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"
    assert site.dead_letter_queue_arn == "arn:aws:sqs:eu-west-1:400000000000:acme-prod-undelivered"
    assert site.log_group("churn", "x") == "/acme/prod/churn/x"


def test_models_are_read_by_every_other_account_and_by_nobody_twice(
    site_of: Callable[..., Site],
) -> None:
    assert site_of("dev").model_readers == ["300000000000", "400000000000"]


def test_a_stage_that_trains_nothing_has_no_readers(site_of: Callable[..., Site]) -> None:
    assert site_of("prod").model_readers == []


@pytest.mark.parametrize(
    ("stage", "data", "models"),
    [("dev", "DESTROY", KEPT), ("test", "DESTROY", "DESTROY"), ("prod", KEPT, KEPT)],
)
def test_models_outlive_their_stack_wherever_another_stage_may_still_load_them(
    site_of: Callable[..., Site], stage: str, data: str, models: str
) -> None:
    site = site_of(stage)

    assert site.removal_policy.name == data
    assert site.model_removal_policy.name == models


def test_the_delivery_bus_is_there_where_a_delivery_follows_a_repository(
    site_of: Callable[..., Site],
) -> None:
    assert site_of("prod").delivery_bus_arn is None
    assert site_of("prod", followed=True).delivery_bus_arn == (
        "arn:aws:events:eu-west-1:100000000000:event-bus/acme-delivery"
    )
