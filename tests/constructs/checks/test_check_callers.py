"""Whoever acts as an application may do what applications may, and only the runner may act so."""

from collections.abc import Callable
from typing import Any

from mlops.checks.plan import PlannedRelease
from mlops_constructs.checks.check_callers import CheckCallers
from mlops_constructs.site import Site


def test_a_caller_holds_the_published_policy_alone_and_only_the_runner_takes_it(
    render: Callable[..., Any], site_of: Callable[..., Site], planned: PlannedRelease
) -> None:
    def build(stack: Any) -> None:
        from aws_cdk import aws_iam as iam

        runner = iam.Role(stack, "Runner", assumed_by=iam.ServicePrincipal("codebuild"))
        CheckCallers(stack, "Callers", site=site_of("prod"), releases=[planned], runner=runner)

    (caller,) = [r for r in render(build).all("AWS::IAM::Role") if "RoleName" in r]

    assert caller["RoleName"] == "acme-prod-churn-caller"
    assert caller["ManagedPolicyArns"] == [
        "arn:aws:iam::400000000000:policy/acme-prod-churn-invoke"
    ]
    assert "Policies" not in caller
    (trust,) = caller["AssumeRolePolicyDocument"]["Statement"]
    assert list(trust["Principal"]) == ["AWS"]
    assert trust["Principal"]["AWS"]["Fn::GetAtt"][0].startswith("Runner")
