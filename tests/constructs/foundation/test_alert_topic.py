"""Only this account's alarms may publish, encrypted, over TLS."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.foundation.alert_topic import AlertTopic
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def alerts(
    render: Callable[..., Any], site_of: Callable[..., Site], key_in: Callable[..., Any]
) -> Any:
    return render(lambda stack: AlertTopic(stack, "Alerts", site=site_of("dev"), key=key_in(stack)))


def test_the_topic_is_encrypted_under_the_stages_key(alerts: Any) -> None:
    topic = alerts.only("AWS::SNS::Topic")

    assert topic["TopicName"] == "acme-dev-alerts"
    assert ":key/" in topic["KmsMasterKeyId"]


def test_alarms_of_this_account_publish_and_nothing_travels_in_the_clear(alerts: Any) -> None:
    policy = alerts.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    found = {statement["Sid"]: statement for statement in policy}

    assert sorted(found) == ["AlarmsPublish", "AllowPublishThroughSSLOnly"]
    assert found["AlarmsPublish"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert found["AlarmsPublish"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "200000000000"}
    }
