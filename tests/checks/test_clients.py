"""One client a service; the endpoint's client never tries again; a role is taken when needed."""

from typing import Any

from mlops.checks.clients import clients_in


def test_a_client_is_made_once(aws: Any) -> None:
    clients = clients_in("eu-west-1")

    assert clients("ssm") is clients("ssm")


def test_the_control_plane_is_tried_again_and_an_endpoint_is_not(aws: Any) -> None:
    clients = clients_in("eu-west-1")

    assert clients("ssm").meta.config.retries["total_max_attempts"] == 5
    assert clients("sagemaker-runtime").meta.config.retries["total_max_attempts"] == 1


def test_a_generator_has_a_connection_for_each_thread(aws: Any) -> None:
    runtime = clients_in("eu-west-1").invoking(seconds=5, connections=64)

    assert runtime.meta.config.max_pool_connections == 64
    assert runtime.meta.config.read_timeout == 5


def test_a_role_is_taken_at_the_first_client_and_only_then(aws: Any) -> None:
    clients = clients_in("eu-west-1").as_role(
        "arn:aws:iam::400000000000:role/r", region="eu-west-1"
    )

    assert aws.asked("AssumeRole") == []
    clients("ssm")
    clients("sts")
    assert len(aws.asked("AssumeRole")) == 1
