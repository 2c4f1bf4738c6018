"""People learn how a training ended, in a sentence."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops_constructs.site import Site
from mlops_constructs.training.pipeline_alerts import PipelineAlerts

RULE = "AWS::Events::Rule"


@pytest.fixture(scope="module")
def alerts(
    render: Callable[..., Any],
    site_of: Callable[..., Site],
    key_in: Callable[..., Any],
    model: ModelSpec,
) -> Any:
    return render(
        lambda stack: PipelineAlerts(
            stack, "Alerts", site=site_of("dev"), model=model, key=key_in(stack)
        )
    )


def test_every_ending_of_this_pipeline_is_told(alerts: Any) -> None:
    details = [rule["EventPattern"]["detail"] for rule in alerts.all(RULE)]

    assert [detail["currentPipelineExecutionStatus"] for detail in details] == [
        ["CompletedWithFailures", "Failed", "Stopped"],
        ["Succeeded"],
    ]
    arn = "arn:aws:sagemaker:eu-west-1:200000000000:pipeline/acme-churn-training"
    assert [detail["pipelineArn"] for detail in details] == [[arn], [arn]]


def test_the_message_is_a_sentence_with_the_execution_and_who_is_asked(alerts: Any) -> None:
    failed = alerts.all(RULE)[0]["Targets"][0]["InputTransformer"]

    assert failed["InputTemplate"] == (
        '"Training of churn in dev ended: <detail-currentPipelineExecutionStatus>. '
        "<detail-pipelineExecutionArn> The reason stands in the failed step. "
        'Data science: science@example.com."'
    )


def test_messages_go_to_the_alert_topic_or_to_the_dead_letters(alerts: Any) -> None:
    for rule in alerts.all(RULE):
        (target,) = rule["Targets"]

        assert target["Arn"] == "arn:aws:sns:eu-west-1:200000000000:acme-dev-alerts"
        assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")
        assert "Fn::GetAtt" in target["RoleArn"]


def test_the_role_publishes_to_that_topic_under_that_key(alerts: Any) -> None:
    (statements,) = alerts.roles().values()

    assert statements["Publish"]["Resource"].endswith(":acme-dev-alerts")
    assert ":key/" in statements["PublishEncrypted"]["Resource"]
    assert sorted(statements) == ["Publish", "PublishEncrypted"]
    assert alerts.all("AWS::IAM::Policy") == []
