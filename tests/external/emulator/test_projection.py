"""What the emulator does not get is listed, and each line is held against both sides."""

import hashlib
import json
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.external.emulator.accounts import DELIVERY, root_of
from tests.external.emulator.projection import (
    LEFT_OUT,
    ORGANIZATION,
    SOURCE,
    WIDENED,
    Template,
    project,
    projected,
    stacks,
)
from tests.external.emulator.roles import ASSUME_ANY, Roles
from tests.external.emulator.servers import Credentials, Server

PIPELINE = "AWS::SageMaker::Pipeline"


def types(templates: dict[str, Template]) -> set[str]:
    return {
        resource["Type"]
        for template in templates.values()
        for resource in template["Resources"].values()
    }


def template(**resources: Template) -> Template:
    return {"Resources": {"Gone": {"Type": PIPELINE, "Properties": {}}, **resources}}


def test_every_type_that_is_left_out_is_in_a_template(templates: dict[str, Template]) -> None:
    assert LEFT_OUT.keys() - types(templates) == set()


@pytest.mark.full
def test_the_emulator_still_knows_no_metric_math(aws: Server) -> None:
    query = {"Id": "a", "Expression": "1 + 1"}
    properties = {"Metrics": [query], "EvaluationPeriods": 1, "Threshold": 1,
                  "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    stacks = aws.client("cloudformation", root_of("8" * 12))

    stacks.create_stack(StackName="math", TemplateBody=json.dumps({"Resources": {"A": alarm}}))

    def ended() -> bool:
        (found,) = stacks.describe_stacks(StackName="math")["Stacks"]
        return not str(found["StackStatus"]).endswith("IN_PROGRESS")

    deadline = time.monotonic() + 60
    while not ended() and time.monotonic() < deadline:
        time.sleep(0.2)
    events = stacks.describe_stack_events(StackName="math")["StackEvents"]
    assert any("metric math" in str(event.get("ResourceStatusReason")) for event in events)


@pytest.mark.full
def test_the_emulator_knows_every_type_but_those_that_are_left_out(
    templates: dict[str, Template], aws: Server
) -> None:
    used = sorted(types(templates))
    body = {"Resources": {f"R{index}": {"Type": name} for index, name in enumerate(used)}}

    with pytest.raises(ClientError) as refused:
        aws.client("cloudformation", root_of("9" * 12)).validate_template(
            TemplateBody=json.dumps(body)
        )

    message = refused.value.response["Error"]["Message"]
    _, _, listed = message.partition("Unrecognized resource types: [")
    assert set(listed.rstrip("]").split(", ")) == LEFT_OUT.keys()


def asks_for_an_alarm(aws: Server, user: Credentials) -> None:
    aws.client("cloudwatch", user).describe_alarms(AlarmNames=["mine-1"])


def asks_for_an_image(aws: Server, user: Credentials) -> None:
    aws.client("ecr", user).describe_images(registryId=DELIVERY, repositoryName="mine")


ASKED_FOR_MORE = {
    "cloudwatch:DescribeAlarms": (
        "arn:aws:cloudwatch:eu-west-1:999999999999:alarm:mine-*", asks_for_an_alarm,
    ),
    "ecr:DescribeImages": (f"arn:aws:ecr:eu-west-1:{DELIVERY}:repository/mine", asks_for_an_image),
}  # fmt: skip
"""What a user is allowed by each action, and what is refused all the same."""


@pytest.mark.full
@pytest.mark.parametrize("action", sorted(WIDENED))
def test_the_emulator_still_asks_for_more_than_aws_does(
    action: str, aws: Server, templates: dict[str, Template]
) -> None:
    resource, ask = ASKED_FOR_MORE[action]
    user = new_user(aws, action, resource)

    with pytest.raises(ClientError) as refused:
        ask(aws, user)

    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert action in json.dumps(templates)


@pytest.mark.full
def test_the_emulator_still_knows_a_roles_session_by_another_arn_than_aws(aws: Server) -> None:
    roles, iam = Roles(aws=aws), aws.client("iam", root_of(DELIVERY))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": DELIVERY}}
    named = f"arn:aws:iam::{DELIVERY}:role/emulated-named"
    condition = {"Condition": {"ArnEquals": {"aws:PrincipalArn": named}}}
    for name, statement in (("named", trust), ("trusting", trust | condition)):
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.create_role(RoleName=f"emulated-{name}", AssumeRolePolicyDocument=json.dumps(document))
    document = {"Version": "2012-10-17", "Statement": [ASSUME_ANY]}
    iam.put_role_policy(
        RoleName="emulated-named", PolicyName="assume", PolicyDocument=json.dumps(document)
    )
    session = roles.session("emulated-named")

    with pytest.raises(ClientError) as refused:
        roles.assumed(f"arn:aws:iam::{DELIVERY}:role/emulated-trusting", by=session)

    assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.full
def test_the_emulator_still_knows_no_organization(aws: Server) -> None:
    roles, iam = Roles(aws=aws), aws.client("iam", root_of(DELIVERY))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": DELIVERY}}
    member = {"Condition": {"StringEquals": {ORGANIZATION: "o-exampleorgid"}}}
    for name, statement in (("member", trust), ("for-members", trust | member)):
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.create_role(RoleName=f"emulated-{name}", AssumeRolePolicyDocument=json.dumps(document))
    document = {"Version": "2012-10-17", "Statement": [ASSUME_ANY]}
    iam.put_role_policy(
        RoleName="emulated-member", PolicyName="assume", PolicyDocument=json.dumps(document)
    )
    session = roles.session("emulated-member")

    with pytest.raises(ClientError) as refused:
        roles.assumed(f"arn:aws:iam::{DELIVERY}:role/emulated-for-members", by=session)

    assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.full
def test_nobody_sends_an_event_as_aws_itself(aws: Server) -> None:
    entry = {"Source": "aws.sagemaker", "DetailType": "a change", "Detail": "{}"}

    answer = aws.client("events", root_of("9" * 12)).put_events(Entries=[entry])

    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def new_user(aws: Server, action: str, resource: str) -> Credentials:
    iam = aws.client("iam", root_of("9" * 12))
    name = action.replace(":", "-")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName=name, PolicyName="narrow", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def test_references_to_what_is_left_out_become_literals() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Ref": "Gone"}}}
    queue = {
        "Type": "AWS::SQS::Queue",
        "DependsOn": ["Gone", "Role"],
        "Properties": {"QueueName": {"Fn::Join": ["", [{"Fn::GetAtt": ["Gone", "PipelineArn"]}]]}},
    }

    found = projected(template(Role=role, Queue=queue), "1" * 12)["Resources"]

    assert found == {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "Gone"}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "DependsOn": ["Role"],
            "Properties": {"QueueName": {"Fn::Join": ["", ["arn:aws:dropped:::Gone"]]}},
        },
    }


def test_an_alarm_with_an_expression_stays_under_its_name() -> None:
    properties = {"AlarmName": "ratio", "Metrics": [{"Id": "a", "Expression": "1 + 1"}]}

    found = projected(
        template(Alarm={"Type": "AWS::CloudWatch::Alarm", "Properties": properties}), "1" * 12
    )["Resources"]["Alarm"]["Properties"]

    assert found["AlarmName"] == "ratio"
    assert "Metrics" not in found
    assert found["MetricName"] == "Expression"


def test_rules_of_aws_sources_listen_to_a_source_of_their_own() -> None:
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["a change"]}
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}

    found = projected(template(Rule=rule), "1" * 12)["Resources"]["Rule"]["Properties"][
        "EventPattern"
    ]

    assert found == {"source": [f"{SOURCE}sagemaker"], "detail-type": ["a change"]}


def test_the_delivery_bus_is_looked_for_in_the_stacks_own_account() -> None:
    bus = "arn:aws:events:eu-west-1:111111111111:event-bus/mlops-delivery"
    topic = "arn:aws:sns:eu-west-1:111111111111:mlops-delivery"
    properties = {"Targets": [{"Arn": bus}, {"Arn": topic}]}

    found = projected(
        template(Rule={"Type": "AWS::Events::Rule", "Properties": properties}), "2" * 12
    )["Resources"]["Rule"]["Properties"]

    assert found["Targets"] == [{"Arn": bus.replace("1" * 12, "2" * 12)}, {"Arn": topic}]


def test_a_role_that_a_trust_policy_names_is_known_by_its_sessions_as_well() -> None:
    named = "arn:aws:iam::111111111111:role/mlops-one"
    trust = {"Condition": {"ArnEquals": {"aws:PrincipalArn": named}}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}

    found = projected(template(Role=role), "2" * 12)["Resources"]["Role"]["Properties"]

    sessions = "arn:aws:sts::111111111111:assumed-role/mlops-one/*"
    condition = found["AssumeRolePolicyDocument"]["Condition"]
    assert condition == {"ArnEquals": {"aws:PrincipalArn": [named, sessions]}}


def test_only_listed_actions_are_widened(templates: dict[str, Template]) -> None:
    after = json.dumps([projected(template, "1" * 12) for template in templates.values()])
    before = json.dumps(templates)

    # In each of three stages: the endpoint, the release check, the checks after a deployment. Of
    # images: who registers a version, who looks for its digest, who builds and who checks images.
    assert after.count('"Resource": "*"') == before.count('"Resource": "*"') + 3 * 3 + 4


def test_a_projected_template_is_uploaded_under_its_own_hash(
    assembly: Path, tmp_path: Path
) -> None:
    folder = project(assembly, tmp_path / "cdk.out")

    for before, after in zip(stacks(assembly), stacks(folder), strict=True):
        own = hashlib.sha256(after.file.read_bytes()).hexdigest()
        assert before.path == after.path
        assert keys(after.file) == assets(before.file) | {own}
        assert url_key(after.file) == own


def keys(file: Path) -> set[str]:
    listed = json.loads(file.with_name(file.name.replace(".template", ".assets")).read_text())
    return set(listed["files"])


def assets(file: Path) -> set[str]:
    """What is uploaded besides the template."""
    listed = json.loads(file.with_name(file.name.replace(".template", ".assets")).read_text())
    return {key for key, found in listed["files"].items() if found["source"]["path"] != file.name}


def url_key(file: Path) -> str:
    """The key at which CloudFormation looks for the template."""
    artifacts = json.loads(file.with_name("manifest.json").read_text())["artifacts"].values()
    (url,) = (
        artifact["properties"]["stackTemplateAssetObjectUrl"]
        for artifact in artifacts
        if artifact["properties"].get("templateFile") == file.name
    )
    return str(url).rpartition("/")[2].removesuffix(".json")


def test_no_statement_asks_for_an_organization_that_the_emulator_does_not_know(
    templates: dict[str, Template],
) -> None:
    assert ORGANIZATION in json.dumps(templates)
    assert all(ORGANIZATION not in json.dumps(projected(t, "1" * 12)) for t in templates.values())
