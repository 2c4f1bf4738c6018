"""Whoever records may write one parameter, one topic and one bus."""

from collections.abc import Callable

import pytest

from mlops_constructs.permission import Permission
from mlops_constructs.release import Release
from mlops_constructs.rollout.recording_permissions import (
    record_deployments,
    recording_environment,
    see_deployments,
)

KEY = "arn:aws:kms:eu-west-1:400000000000:key/1"
BUS = "arn:aws:events:eu-west-1:100000000000:event-bus/acme-delivery"
Releases = Callable[..., Release]


def resources(permissions: list[Permission]) -> dict[str, list[str]]:
    """Resources by action."""
    return {action: list(one.resources) for one in permissions for action in one.actions}


def test_each_writing_action_has_exactly_one_resource(release_of: Releases) -> None:
    found = resources(record_deployments(release_of(followed=True), key_arn=KEY))

    record = "arn:aws:ssm:eu-west-1:400000000000:parameter/acme/prod/churn/release-record"
    assert found == {
        "ssm:GetParameter": [record],
        "ssm:PutParameter": [record],
        "sns:Publish": ["arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"],
        "kms:Decrypt": [KEY],
        "kms:GenerateDataKey": [KEY],
        "events:PutEvents": [BUS],
    }


def test_the_pasts_of_this_endpoints_alarms_alone_are_seen(release_of: Releases) -> None:
    found = resources(see_deployments(release_of()))

    assert found["cloudwatch:DescribeAlarmHistory"] == [
        "arn:aws:cloudwatch:eu-west-1:400000000000:alarm:acme-prod-churn-rollback-*"
    ]


def test_seeing_changes_nothing_and_every_pattern_has_a_reason(release_of: Releases) -> None:
    permissions = see_deployments(release_of())

    verbs = {action.partition(":")[2] for one in permissions for action in one.actions}
    assert all(verb.startswith(("Describe", "Get", "List")) for verb in verbs)
    assert all(one.because for one in permissions if one.patterns)


@pytest.mark.parametrize("followed", [True, False])
def test_the_bus_is_named_and_permitted_only_where_it_exists(
    release_of: Releases, *, followed: bool
) -> None:
    release = release_of(followed=followed)

    assert recording_environment(release).get("DELIVERY_BUS") == (BUS if followed else None)
    permitted = resources(record_deployments(release, key_arn=KEY))
    assert ("events:PutEvents" in permitted) is followed


def test_the_environment_says_whose_record_it_is(release_of: Releases) -> None:
    assert recording_environment(release_of()) == {
        "STAGE": "prod",
        "MODEL": "churn",
        "ENDPOINT_NAME": "acme-prod-churn",
        "RELEASE_RECORD": "/acme/prod/churn/release-record",
        "ALERT_TOPIC": "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts",
    }
