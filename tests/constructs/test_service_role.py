"""A service acts for this account only."""

from collections.abc import Callable
from typing import Any

from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site


def test_a_role_is_assumed_for_this_account_and_holds_its_permissions_inline(
    render: Callable[..., Any], site_of: Callable[..., Site]
) -> None:
    look = Permission(sid="Look", actions=["sqs:ListQueues"], resources=["arn:aws:sqs:::x"])
    rendered = render(
        lambda stack: service_role(
            stack,
            "Role",
            service="events.amazonaws.com",
            site=site_of("dev"),
            permissions=[look],
        )
    )

    (trust,) = rendered.only("AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "200000000000"}}
    assert [p["PolicyName"] for p in rendered.only("AWS::IAM::Role")["Policies"]] == ["Permissions"]
