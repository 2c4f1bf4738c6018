"""Logs are encrypted and kept as long as the stage says."""

from collections.abc import Callable
from typing import Any, get_args

from mlops.contract.stage_spec import LogRetentionDays
from mlops_constructs import function_log_group
from mlops_constructs.site import Site


def test_a_log_group_is_encrypted_named_below_the_stage_and_expires(
    render: Callable[..., Any], site_of: Callable[..., Site], key_in: Callable[..., Any]
) -> None:
    rendered = render(
        lambda stack: function_log_group.function_log_group(
            stack, "Log", site=site_of("dev"), name="churn/find-approved", key=key_in(stack)
        )
    )

    group = rendered.only("AWS::Logs::LogGroup")
    assert group["LogGroupName"] == "/acme/dev/churn/find-approved"
    assert group["RetentionInDays"] == 7
    assert ":key/" in group["KmsKeyId"]


def test_every_retention_that_the_contract_allows_has_a_name_in_cdk() -> None:
    from aws_cdk import aws_logs as logs

    table = function_log_group._RETENTION

    assert set(table) == set(get_args(LogRetentionDays))
    assert set(table.values()) <= set(logs.RetentionDays.__members__)
