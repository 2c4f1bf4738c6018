"""What CloudFormation may do: all that the templates need, and nothing for the taking."""

import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlops.cli import cli
from mlops.cli.execution_policy import (
    POLICY_LIMIT,
    Account,
    UnknownTypeError,
    accounts,
    action_table,
    actions_of,
    policies,
)
from mlops.contract import StagesSpec, load_config

POLICIES_OF_A_ROLE = 10
"""IAM's default quota of managed policies that are attached to one role."""
ACCOUNT = Account(
    account="222222222222",
    region="eu-west-1",
    project="acme",
    types=frozenset({"AWS::S3::Bucket", "AWS::IAM::Role", "AWS::SageMaker::Pipeline"}),
    services=frozenset({"sagemaker.amazonaws.com"}),
    boundaries=frozenset({None}),
)


@pytest.fixture(scope="module")
def stages(root: Path) -> StagesSpec:
    return load_config(root).stages


@pytest.fixture(scope="module")
def deployed(stages: StagesSpec) -> list[Account]:
    return accounts(stages)


def statements(account: Account) -> Iterator[dict[str, Any]]:
    for document in policies(account):
        yield from document["Statement"]


def by_sid(account: Account) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in statements(account)}


def test_every_type_of_an_account_is_covered(deployed: list[Account]) -> None:
    for account in deployed:
        granted = {action for s in statements(account) for action in s["Action"]}
        assert actions_of(account.types) - granted == set()


def test_a_policy_does_not_depend_on_what_is_released_or_synthesized(root: Path) -> None:
    command = ("bootstrap-policy", "333333333333", "1")
    released = run(root, *command).output

    (root / "config" / "releases.yaml").rename(root / "config" / "kept.yaml")
    try:
        (root / "config" / "releases.yaml").write_text("releases: {}\n")
        assert run(root, *command).output == released
    finally:
        (root / "config" / "kept.yaml").rename(root / "config" / "releases.yaml")


def test_the_training_stage_and_the_delivery_have_types_of_their_own(
    deployed: list[Account],
) -> None:
    types = {account.account[:1]: account.types for account in deployed}

    assert types["2"] - types["3"] == set(action_table()["kinds"]["training"]["types"])
    assert types["3"] == types["4"] < types["2"]
    assert "AWS::CodePipeline::Pipeline" in types["1"] - types["2"]


def test_without_a_repository_nothing_is_deployed_for_the_delivery(stages: StagesSpec) -> None:
    delivery = stages.delivery.model_copy(update={"source": None})

    found = accounts(stages.model_copy(update={"delivery": delivery}))

    assert [account.account[:1] for account in found] == ["2", "3", "4"]


def test_one_account_for_everything_may_do_everything(stages: StagesSpec) -> None:
    (account,) = accounts(in_one_account(stages))

    kinds = action_table()["kinds"].values()
    assert account.types == {type_ for kind in kinds for type_ in kind["types"]}
    assert account.services == {service for kind in kinds for service in kind["services"]}
    assert len(policies(account)) <= POLICIES_OF_A_ROLE


def test_a_stage_with_a_boundary_gets_roles_inside_it_alone(stages: StagesSpec) -> None:
    bounded = tuple(
        stage.model_copy(update={"permissions_boundary": "guard"}) for stage in stages.stages
    )

    found = accounts(stages.model_copy(update={"stages": bounded}))

    assert [account.boundaries for account in found] == [
        {None},
        *({f"arn:aws:iam::{n * 12}:policy/guard"} for n in "234"),
    ]


def test_no_action_is_a_pattern(deployed: list[Account]) -> None:
    actions = [a for account in deployed for s in statements(account) for a in s["Action"]]

    assert [
        action for action in actions if re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action) is None
    ] == []


def test_a_policy_fits_into_iams_limit_and_a_role_takes_all_of_them(
    deployed: list[Account],
) -> None:
    for account in deployed:
        documents = [re.sub(r"\s", "", json.dumps(document)) for document in policies(account)]
        assert max(map(len, documents)) <= POLICY_LIMIT
        assert len(documents) <= POLICIES_OF_A_ROLE


def test_without_a_border_nothing_but_lists_is_allowed(deployed: list[Account]) -> None:
    open_ = [
        action
        for account in deployed
        for statement in statements(account)
        if statement["Resource"] == "*" and "Condition" not in statement
        for action in statement["Action"]
    ]

    assert set(open_) <= {
        "cloudtrail:DescribeTrails",
        "cloudtrail:ListTrails",
        "iam:ListRoles",
        "s3:ListAllMyBuckets",
        "ssm:DescribeParameters",
    }


def test_the_project_owns_its_roles_and_nobody_elses() -> None:
    assert by_sid(ACCOUNT)["Roles"]["Resource"] == [
        "arn:aws:iam::222222222222:role/acme-*",
        "arn:aws:iam::222222222222:policy/acme-*",
    ]


def test_the_policy_cannot_widen_itself(deployed: list[Account]) -> None:
    for account in deployed:
        own = f"arn:aws:iam::{account.account}:policy/cdk-execution-mlops-1"
        reachable = [r for s in statements(account) for r in listed(s["Resource"]) if "iam" in r]
        assert reachable
        assert [pattern for pattern in reachable if fnmatch.fnmatchcase(own, pattern)] == []


def test_only_the_projects_own_policies_are_put_on_its_roles() -> None:
    attaching = by_sid(ACCOUNT)["OwnPolicies"]

    assert attaching["Action"] == ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    assert attaching["Resource"] == ["arn:aws:iam::222222222222:role/acme-*"]
    assert attaching["Condition"] == {
        "ArnLike": {"iam:PolicyARN": "arn:aws:iam::222222222222:policy/acme-*"}
    }


def test_roles_are_passed_to_the_services_that_they_trust_alone() -> None:
    passing = by_sid(ACCOUNT)["PassRoles"]

    assert passing["Resource"] == ["arn:aws:iam::222222222222:role/acme-*"]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["sagemaker.amazonaws.com"]}
    }


def test_where_every_role_is_bounded_no_other_role_can_be_made() -> None:
    guard = "arn:aws:iam::222222222222:policy/guard"

    bounded = by_sid(replace(ACCOUNT, boundaries=frozenset({guard})))

    assert bounded["BoundedRoles"]["Condition"] == {
        "StringEquals": {"iam:PermissionsBoundary": [guard]}
    }
    assert "iam:CreateRole" in bounded["BoundedRoles"]["Action"]
    assert "iam:CreateRole" not in bounded["Roles"]["Action"]
    assert "iam:DeleteRolePermissionsBoundary" not in bounded["Roles"]["Action"]


def test_one_role_without_a_boundary_unbinds_them_all() -> None:
    assert "iam:CreateRole" in by_sid(ACCOUNT)["Roles"]["Action"]


def test_linked_roles_are_those_of_the_deployed_types() -> None:
    chat = "AWS::Chatbot::SlackChannelConfiguration"

    linked = by_sid(replace(ACCOUNT, types=ACCOUNT.types | {chat}))["LinkedRoles"]

    owner = "management.chatbot.amazonaws.com"
    assert linked["Resource"] == [f"arn:aws:iam::222222222222:role/aws-service-role/{owner}/*"]
    assert linked["Condition"] == {"StringEquals": {"iam:AWSServiceName": [owner]}}
    assert "LinkedRoles" not in by_sid(ACCOUNT)


def test_every_type_that_makes_a_linked_role_says_whose() -> None:
    types = {*action_table()["types"], *action_table()["added"]}
    making = {t for t in types if "iam:CreateServiceLinkedRole" in actions_of([t])}

    for type_ in making:
        linked = by_sid(replace(ACCOUNT, types=frozenset({type_})))["LinkedRoles"]
        assert linked["Resource"], type_


def test_a_subscription_may_subscribe_and_a_topic_may_not() -> None:
    assert "sns:Subscribe" in actions_of(["AWS::SNS::Subscription"])
    assert "sns:Subscribe" not in actions_of(["AWS::SNS::Topic"])


def test_the_chat_service_answers_from_regions_of_its_own() -> None:
    chat = "AWS::Chatbot::SlackChannelConfiguration"

    there = by_sid(replace(ACCOUNT, region="eu-central-1", types=frozenset({chat})))["Chat"]

    assert set(there["Condition"]["StringEquals"]["aws:RequestedRegion"]) > {"eu-central-1"}
    assert {action.partition(":")[0] for action in there["Action"]} == {"chatbot"}


def test_buckets_are_the_projects_and_objects_are_published_assets() -> None:
    found = by_sid(ACCOUNT)

    assert found["Buckets"]["Resource"] == "arn:aws:s3:::acme-*"
    assert found["Assets"]["Action"] == ["s3:GetObject"]
    assert found["Assets"]["Resource"] == (
        "arn:aws:s3:::cdk-hnb659fds-assets-222222222222-eu-west-1/*"
    )


def test_a_deployment_stops_no_trail_but_the_projects_own() -> None:
    found = by_sid(replace(ACCOUNT, types=frozenset({"AWS::CloudTrail::Trail"})))

    stopping = [sid for sid, one in found.items() if "cloudtrail:StopLogging" in one["Action"]]
    assert stopping == ["Trails"]
    assert found["Trails"]["Resource"] == ("arn:aws:cloudtrail:eu-west-1:222222222222:trail/acme-*")
    assert found["Lists"]["Action"] == ["cloudtrail:DescribeTrails", "cloudtrail:ListTrails"]


def test_parameters_are_the_projects_and_what_is_encrypted_stays_closed(
    deployed: list[Account],
) -> None:
    for account in deployed:
        granted = [(a, s["Resource"]) for s in statements(account) for a in s["Action"]]
        parameters = {resource for action, resource in granted if action == "ssm:GetParameters"}
        assert {arn.partition(":parameter")[2] for arn in parameters} <= {
            "/mlops/*",
            "/cdk-bootstrap/*",
        }
        assert [action for action, _ in granted if action == "kms:Decrypt"] == []


def test_a_type_that_nobody_described_is_refused_by_name() -> None:
    unknown = replace(ACCOUNT, types=frozenset({"AWS::Nimbus::Stratus"}))

    with pytest.raises(UnknownTypeError, match="no actions for AWS::Nimbus::Stratus"):
        policies(unknown)


def test_every_exception_of_the_table_says_why() -> None:
    table = action_table()
    reasons = [*table["left_out"].values(), *(one["because"] for one in table["added"].values())]

    assert [reason for reason in reasons if len(reason.split()) < 3] == []


def test_the_commands_prepare_the_delivery_account_first_and_trust_it(root: Path) -> None:
    lines = run(root, "bootstrap-commands").output.splitlines()

    bootstraps = [line for line in lines if line.startswith("npx cdk bootstrap")]
    assert [line.split("//")[1][:12] for line in bootstraps][-1] == "444444444444"
    assert all(
        ("--trust 111111111111" in line) == ("aws://111111111111" not in line)
        for line in bootstraps
    )
    assert "AdministratorAccess" not in "".join(lines)


def test_every_policy_that_a_bootstrap_names_is_made_first(root: Path) -> None:
    lines = run(root, "bootstrap-commands").output.splitlines()

    made: set[str] = set()
    for line in lines:
        made |= {
            f"arn:aws:iam::{account}:policy/{name}"
            for name, account in re.findall(r"--policy-name (\S+) .*# in (\d+)", line)
        }
        named = re.findall(r"arn:aws:iam::\d+:policy/[^,\s]+", line)
        assert set(named) <= made


def test_a_printed_policy_is_the_document_of_that_number(
    root: Path, deployed: list[Account]
) -> None:
    printed = run(root, "bootstrap-policy", "222222222222", "1")

    dev = next(account for account in deployed if account.account == "222222222222")
    assert json.loads(printed.output) == policies(dev)[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("999999999999", "1"), "nothing is deployed to 999999999999"),
        (("222222222222", "9"), "no number 9"),
    ],
)
def test_a_policy_that_is_not_there_is_told(
    root: Path, arguments: tuple[str, str], said: str
) -> None:
    printed = run(root, "bootstrap-policy", *arguments)

    assert printed.exit_code != 0
    assert said in printed.output


def in_one_account(stages: StagesSpec) -> StagesSpec:
    account = {"account": "222222222222"}
    return stages.model_copy(
        update={
            "delivery": stages.delivery.model_copy(update=account),
            "stages": tuple(stage.model_copy(update=account) for stage in stages.stages),
        }
    )


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(root), *arguments])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
