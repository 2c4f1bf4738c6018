"""People learn that a batch failed, in a sentence; a batch that ends well is quiet."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.batch.batch_alert import BatchAlert
from mlops_constructs.release import Release


@pytest.fixture(scope="module")
def alert(
    render: Callable[..., Any], release_of: Callable[..., Release], key_in: Callable[..., Any]
) -> Any:
    return render(
        lambda stack: BatchAlert(stack, "Alert", release=release_of("dev"), key=key_in(stack))
    )


def test_every_ending_but_success_is_told(alert: Any) -> None:
    detail = alert.only("AWS::Events::Rule")["EventPattern"]["detail"]

    assert detail == {
        "currentPipelineExecutionStatus": ["CompletedWithFailures", "Failed", "Stopped"],
        "pipelineArn": ["arn:aws:sagemaker:eu-west-1:200000000000:pipeline/acme-dev-churn-batch"],
    }


def test_the_message_names_the_run_the_owner_and_the_runbook(alert: Any) -> None:
    (target,) = alert.only("AWS::Events::Rule")["Targets"]

    assert target["Arn"] == "arn:aws:sns:eu-west-1:200000000000:acme-dev-alerts"
    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")
    message = target["InputTransformer"]["InputTemplate"]
    assert message.startswith('"Batch of churn in dev ended: <detail-current')
    for part in ("<detail-pipelineExecutionArn>", "science@example.com", "batch-failed.md"):
        assert part in message


def test_the_role_publishes_to_that_topic_alone(alert: Any) -> None:
    (statements,) = alert.roles().values()

    assert sorted(statements) == ["Publish", "PublishEncrypted"]
    assert statements["Publish"]["Resource"].endswith(":acme-dev-alerts")
