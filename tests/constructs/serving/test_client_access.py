"""Clients find the endpoint; nobody may call it without the policy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.serving.client_access import ClientAccess


@pytest.fixture(scope="module")
def access(
    render: Callable[..., Any],
    release_of: Callable[..., Release],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    from aws_cdk import aws_s3_assets as s3_assets

    contract: Path = tmp_path_factory.mktemp("contract") / "contract.json"
    contract.write_text("{}")

    def build(stack: Any) -> None:
        asset = s3_assets.Asset(stack, "Contract", path=str(contract))
        ClientAccess(stack, "Clients", release=release_of(), contract=asset)

    return render(build)


def test_three_parameters_tell_clients_what_they_need(access: Any) -> None:
    found = {p["Name"]: p["Value"] for p in access.all("AWS::SSM::Parameter")}

    assert set(found) == {
        "/acme/prod/churn/endpoint-name",
        "/acme/prod/churn/invoke-policy-arn",
        "/acme/prod/churn/schema-location",
    }
    assert found["/acme/prod/churn/endpoint-name"] == "acme-prod-churn"
    assert found["/acme/prod/churn/schema-location"].startswith("s3://")


def test_the_policy_allows_one_endpoint_and_is_attached_to_nobody(access: Any) -> None:
    policy = access.only("AWS::IAM::ManagedPolicy")

    statements = {s["Sid"]: s for s in policy["PolicyDocument"]["Statement"]}
    assert statements["Invoke"]["Resource"] == [
        "arn:aws:sagemaker:eu-west-1:400000000000:endpoint/acme-prod-churn"
    ]
    assert not {"Roles", "Users", "Groups"} & set(policy)
    assert policy["ManagedPolicyName"] == "acme-prod-churn-invoke"


def test_the_schema_is_readable_to_whoever_may_call(access: Any) -> None:
    policy = access.only("AWS::IAM::ManagedPolicy")

    (read,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Sid"] == "ReadTheSchema"]
    assert read["Action"] == ["s3:GetObject"]
    assert "*" not in str(read["Resource"])
