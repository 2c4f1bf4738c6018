"""The delivery account deploys into stages' accounts, with exactly what its own stack grants it.

A user of the delivery account gets the policies of a role, as they were deployed, and runs what
that role's service would run.
"""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.external.emulator.accounts import (
    DELIVERY,
    DEV,
    PROD,
    STAGING,
    Accounts,
    Deployment,
    root_of,
    stack_states,
)
from tests.external.emulator.command_line import CommandLine, said
from tests.external.emulator.projection import Change, Template, names, stacks
from tests.external.emulator.roles import ASSUME_ANY, Roles
from tests.external.emulator.servers import REGION, Credentials, Server

pytestmark = pytest.mark.full

PIPELINE, ASSETS = "PromotionRole", "PromotionPipelineAssetsFileRole"
SELF_MUTATION = "PromotionPipelineUpdatePipelineSelfMutationRole"


@pytest.fixture(scope="module")
def pipeline(roles: Roles) -> Credentials:
    """Who publishes the assets of a stage and deploys it."""
    return roles.acting_as(PIPELINE, ASSETS)


@pytest.fixture(scope="module")
def self_mutation(roles: Roles) -> Credentials:
    """Who deploys the Delivery stack before anything else."""
    return roles.acting_as(SELF_MUTATION)


@pytest.fixture(scope="module")
def staging(
    accounts: Accounts, deploy: Callable[..., Deployment], pipeline: Credentials
) -> Deployment:
    """The second stage, deployed from the delivery account."""
    accounts.prepare(STAGING)
    return deploy(STAGING, "staging", by=pipeline)


def test_a_stage_that_trusts_the_delivery_account_is_deployed_from_there(
    staging: Deployment, projection: Path
) -> None:
    assert staging.finished.returncode == 0, staging.finished.stderr
    assert staging.stacks == dict.fromkeys(names(projection, STAGING), "CREATE_COMPLETE")


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


def shorter_logs(stack: str, template: Template) -> None:
    for resource in template["Resources"].values():
        if stack == "Delivery" and resource["Type"] == "AWS::Logs::LogGroup":
            resource["Properties"]["RetentionInDays"] = 7


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


def test_the_pipeline_updates_its_own_stack(
    self_mutation: Credentials, changed: Callable[[Change], Path], cdk: CommandLine
) -> None:
    app = changed(shorter_logs)
    (delivery,) = (stack for stack in stacks(app) if stack.path == "Delivery")
    program, *arguments = self_mutation_command(delivery.template)

    finished = cdk(*arguments, by=self_mutation, folder=app)

    groups = cdk.server.client("logs", root_of(DELIVERY)).describe_log_groups()["logGroups"]
    assert program == "cdk"
    assert finished.returncode == 0, finished.stderr
    assert stack_states(cdk.server, DELIVERY) == {"mlops-delivery": "UPDATE_COMPLETE"}
    assert {group["retentionInDays"] for group in groups} == {7}


def test_who_updates_the_pipeline_reaches_no_stage(
    dev: Deployment, roles: Roles, pipeline: Credentials, self_mutation: Credentials
) -> None:
    names_of_roles = ("deploy-role", "file-publishing-role", "lookup-role")
    of_bootstrap = [
        f"arn:aws:iam::{DEV}:role/cdk-hnb659fds-{name}-{DEV}-{REGION}" for name in names_of_roles
    ]

    assert roles.assumed(of_bootstrap[0], by=pipeline).token
    for role in of_bootstrap:
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
            roles.assumed(role, by=self_mutation)


def named_roles(app: Path, account: str) -> dict[str, str]:
    """Roles of an account that trust one role of the delivery account, and that one's name."""
    return {
        f"arn:aws:iam::{account}:role/{properties['RoleName']}": named.rpartition("/")[2]
        for stack in stacks(app)
        if stack.account == account
        for resource in stack.template["Resources"].values()
        for properties in [resource["Properties"]]
        for statement in properties.get("AssumeRolePolicyDocument", {}).get("Statement", [])
        for named in [statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn")]
        if named
    }


def test_a_stage_lets_each_role_in_that_it_names_and_nobody_else_of_that_account(
    dev: Deployment, roles: Roles, assembly: Path
) -> None:
    trusting = named_roles(assembly, DEV)
    stranger = roles.user("stranger", ASSUME_ANY)

    assert len(trusting) >= 3
    for role, named in trusting.items():
        assert roles.assumed(role, by=roles.session(named)).token
        for other in (stranger, root_of(DELIVERY)):
            with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
                roles.assumed(role, by=other)
