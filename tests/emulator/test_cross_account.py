"""The delivery account deploys into stages' accounts, with exactly what its own stack grants it.

Nobody but AWS's services may assume the pipeline's roles, here as there. So a user of the delivery
account gets the policies of such a role, as they were deployed, and runs what the role would run.
"""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.accounts import (
    DELIVERY,
    PROD,
    STAGING,
    Accounts,
    Deployment,
    root_of,
    stack_states,
)
from tests.emulator.command_line import CommandLine, said
from tests.emulator.projection import Change, Template
from tests.emulator.servers import Credentials, Server

pytestmark = pytest.mark.full

PIPELINE, ASSETS = "PromotionRole", "PromotionPipelineAssetsFileRole"
SELF_MUTATION = "PromotionPipelineUpdatePipelineSelfMutationRole"


@pytest.fixture(scope="module")
def acting_as(delivery: Deployment, aws: Server) -> Callable[..., Credentials]:
    """A user of the delivery account with the policies of these roles of the Delivery stack."""
    client = aws.client("cloudformation", root_of(DELIVERY))
    found = client.describe_stack_resources(StackName="mlops-delivery")["StackResources"]
    roles = {
        resource["LogicalResourceId"][:-8]: resource["PhysicalResourceId"]
        for resource in found
        if resource["ResourceType"] == "AWS::IAM::Role"
    }
    iam = aws.client("iam", root_of(DELIVERY))

    def user(*names: str) -> Credentials:
        iam.create_user(UserName="-".join(names))
        for name in names:
            for policy in iam.list_role_policies(RoleName=roles[name])["PolicyNames"]:
                document = iam.get_role_policy(RoleName=roles[name], PolicyName=policy)
                iam.put_user_policy(
                    UserName="-".join(names),
                    PolicyName=policy,
                    PolicyDocument=json.dumps(document["PolicyDocument"]),
                )
        key = iam.create_access_key(UserName="-".join(names))["AccessKey"]
        return Credentials(key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    return user


@pytest.fixture(scope="module")
def pipeline(acting_as: Callable[..., Credentials]) -> Credentials:
    """Who publishes the assets of a stage and deploys it."""
    return acting_as(PIPELINE, ASSETS)


@pytest.fixture(scope="module")
def self_mutation(acting_as: Callable[..., Credentials]) -> Credentials:
    """Who deploys the Delivery stack before anything else."""
    return acting_as(SELF_MUTATION)


@pytest.fixture(scope="module")
def staging(
    accounts: Accounts, deploy: Callable[..., Deployment], pipeline: Credentials
) -> Deployment:
    """The second stage, deployed from the delivery account."""
    accounts.prepare(STAGING)
    return deploy(STAGING, "staging", by=pipeline)


def test_a_stage_that_trusts_the_delivery_account_is_deployed_from_there(
    staging: Deployment,
) -> None:
    assert staging.finished.returncode == 0, staging.finished.stderr
    assert staging.stacks == {
        "mlops-staging-foundation": "CREATE_COMPLETE",
        "mlops-staging-bike-demand-serving": "CREATE_COMPLETE",
        "mlops-staging-bike-demand-release-check": "CREATE_COMPLETE",
    }


def test_a_destroyed_stage_leaves_its_data_and_its_key(
    staging: Deployment, projection: Path, cdk: CommandLine, aws: Server
) -> None:
    options = ("--app", str(projection), "--force")

    finished = cdk("destroy", "staging/*", *options, by=root_of(STAGING))

    buckets = aws.client("s3", root_of(STAGING)).list_buckets()["Buckets"]
    keys = aws.client("kms", root_of(STAGING)).list_keys()["Keys"]
    groups = aws.client("logs", root_of(STAGING)).describe_log_groups()["logGroups"]
    assert finished.returncode == 0, finished.stderr
    assert stack_states(aws, STAGING) == {}
    assert {bucket["Name"] for bucket in buckets} == {
        "cdk-hnb659fds-assets-333333333333-eu-west-1",
        "mlops-staging-artifacts-333333333333-eu-west-1",
        "mlops-staging-captures-333333333333-eu-west-1",
        "mlops-staging-logs-333333333333-eu-west-1",
    }
    assert len(keys) == 1
    assert groups == []


def test_only_trust_opens_a_stage_to_the_delivery_account(
    accounts: Accounts,
    pipeline: Credentials,
    projection: Path,
    cdk: CommandLine,
    aws: Server,
) -> None:
    accounts.prepare(PROD, trusted=False)
    refused = cdk.deploy(projection, "prod/Foundation", by=pipeline)
    left = stack_states(aws, PROD)
    accounts.prepare(PROD)
    accepted = cdk.deploy(projection, "prod/Foundation", by=pipeline)

    assert refused.returncode == 1
    assert "is not authorized to perform: sts:AssumeRole" in said(refused)
    assert left == {}
    assert accepted.returncode == 0, accepted.stderr
    assert stack_states(aws, PROD) == {"mlops-prod-foundation": "CREATE_COMPLETE"}


def self_mutation_command(template: Template) -> list[str]:
    (spec,) = (
        json.loads(resource["Properties"]["Source"]["BuildSpec"])
        for resource in template["Resources"].values()
        if resource["Properties"].get("Name") == "mlops-delivery-selfupdate"
    )
    (command,) = spec["phases"]["build"]["commands"]
    return shlex.split(command)


def test_the_delivery_stack_is_deployed_by_hand_once(delivery: Deployment) -> None:
    assert delivery.finished.returncode == 0, delivery.finished.stderr
    assert delivery.stacks == {"mlops-delivery": "CREATE_COMPLETE"}


def test_the_pipeline_changes_its_own_stack_and_no_other(
    self_mutation: Credentials,
    changed: Callable[[Change], Path],
    templates: dict[str, Template],
    cdk: CommandLine,
    aws: Server,
) -> None:
    def keep_builds(stack: str, template: Template) -> None:
        for resource in template["Resources"].values():
            if stack == "Delivery" and resource["Type"] == "AWS::Logs::LogGroup":
                resource["Properties"]["RetentionInDays"] = 7

    app = changed(keep_builds)
    program, *arguments = self_mutation_command(templates["Delivery"])

    finished = cdk(*arguments, by=self_mutation, folder=app)
    elsewhere = cdk.deploy(app, "prod/Foundation", by=self_mutation)

    groups = aws.client("logs", root_of(DELIVERY)).describe_log_groups()["logGroups"]
    assert program == "cdk"
    assert finished.returncode == 0, finished.stderr
    assert stack_states(aws, DELIVERY) == {"mlops-delivery": "UPDATE_COMPLETE"}
    assert [group["retentionInDays"] for group in groups] == [7]
    assert elsewhere.returncode == 1
    assert "is not authorized to perform: sts:AssumeRole" in said(elsewhere)
