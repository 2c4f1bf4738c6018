"""The pipeline promotes the stages that people deploy, in order, by roles that bootstrap makes."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from mlops.contract import (
    ContractError,
    Delivery,
    Names,
    Notifications,
    Platform,
    SlackChannel,
    Source,
    load_platform,
)
from mlops_constructs.delivery.pipeline_limits import FIXED, stage_actions
from stacks.delivery_stack import DeliveryStack, add_delivery

Templates = dict[str, dict[str, Any]]
BOOTSTRAP_ROLES = ("deploy", "file-publishing", "image-publishing", "lookup", "cfn-exec")


@pytest.fixture(scope="module")
def template(templates: Templates) -> dict[str, Any]:
    return templates["Delivery"]


@pytest.fixture(scope="module")
def pipeline(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = of_type(template, "AWS::CodePipeline::Pipeline")
    return found


@pytest.fixture(scope="module")
def stages(pipeline: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {stage["Name"]: stage["Actions"] for stage in pipeline["Stages"]}


def of_type(template: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == type_]


def build_of(template: dict[str, Any], word: str) -> dict[str, Any]:
    """The build project whose commands contain a word, with its specification parsed."""
    (found,) = [
        project
        for project in of_type(template, "AWS::CodeBuild::Project")
        if word in json.dumps(project["Source"]["BuildSpec"])
    ]
    return with_specification(found)


def with_specification(project: dict[str, Any]) -> dict[str, Any]:
    specification: dict[str, Any] = json.loads(joined(project["Source"]["BuildSpec"]))
    return project | {"Specification": specification}


def joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    parts = value["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else next(iter(part)) for part in parts)


def commands(build: dict[str, Any], phase: str = "build") -> list[str]:
    found: list[str] = build["Specification"]["phases"][phase]["commands"]
    return found


def test_a_change_of_the_pipeline_starts_the_run_again(pipeline: dict[str, Any]) -> None:
    assert pipeline["RestartExecutionOnUpdate"] is True


def test_runs_wait_for_each_other_in_a_pipeline_of_the_second_type(
    pipeline: dict[str, Any],
) -> None:
    assert pipeline["PipelineType"] == "V2"
    assert pipeline["ExecutionMode"] == "QUEUED"


def test_artifacts_are_under_a_key_that_the_stages_can_be_let_use(
    pipeline: dict[str, Any], template: dict[str, Any]
) -> None:
    (key,) = of_type(template, "AWS::KMS::Key")
    users = json.dumps(key["KeyPolicy"])

    assert pipeline["ArtifactStore"]["EncryptionKey"]["Type"] == "KMS"
    assert key["EnableKeyRotation"] is True
    for account in ("222222222222", "333333333333", "444444444444"):
        assert f"cdk-hnb659fds-deploy-role-{account}-eu-west-1" in users


def test_it_tests_then_changes_itself_then_promotes(
    stages: dict[str, list[dict[str, Any]]],
) -> None:
    assert list(stages) == [
        "Source",
        "Build",
        "UpdatePipeline",
        "Assets",
        "Images",
        "dev",
        "staging",
        "prod",
    ]


def test_synthesis_runs_what_people_run_with_the_commit(template: dict[str, Any]) -> None:
    build = build_of(template, "make synth")

    assert commands(build) == ["make test", "make synth COMMIT=$CODEBUILD_RESOLVED_SOURCE_VERSION"]
    assert build["Specification"]["artifacts"]["base-directory"] == "cdk.out"


def test_make_synth_judges_nested_stages_and_passes_the_commit(root: Path) -> None:
    command = re.search(r"node_modules/\.bin/cdk synth [^\n]*", (root / "Makefile").read_text())

    assert command is not None
    assert "synth '**'" in command[0]
    assert "$(COMMIT:%=--context commit=%)" in command[0]


@pytest.mark.parametrize(
    "word", ["make synth", "push-image", "aws-cdk@2.1148.1 diff", "npm install"]
)
def test_builds_run_on_the_supported_runtimes(template: dict[str, Any], word: str) -> None:
    install = build_of(template, word)["Specification"]["phases"]["install"]

    assert install["runtime-versions"] == {"nodejs": "22", "python": "3.11"}


def test_every_command_line_is_the_one_of_package_json(
    template: dict[str, Any], root: Path
) -> None:
    pinned = json.loads((root / "package.json").read_text())["devDependencies"]["aws-cdk"]
    used = set(re.findall(r"aws-cdk(?:@([^ \"\\]+))?[ \"\\]", json.dumps(template["Resources"])))

    assert used == {pinned}
    assert commands(build_of(template, "npm install"), "install") == [
        f"npm install -g aws-cdk@{pinned}"
    ]


def test_the_pipeline_deploys_nothing_but_its_own_stack_to_change_itself(
    template: dict[str, Any],
) -> None:
    (command,) = commands(build_of(template, "npm install"))

    assert command.startswith("cdk -a . deploy Delivery --require-approval=never")


def test_a_stage_deploys_exactly_the_stacks_of_cdk_deploy(
    stages: dict[str, list[dict[str, Any]]], assembly: Path
) -> None:
    for stage in ("dev", "staging", "prod"):
        manifest = json.loads((assembly / f"assembly-{stage}" / "manifest.json").read_text())
        given = {
            f"Synth_Output::assembly-{stage}/{artifact['properties']['templateFile']}"
            for artifact in manifest["artifacts"].values()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        deployed = {
            action["Configuration"]["TemplatePath"]
            for action in stages[stage]
            if action["ActionTypeId"]["Category"] == "Deploy"
        }
        assert deployed == given


def test_a_deployment_is_one_step_that_can_be_retried(
    stages: dict[str, list[dict[str, Any]]],
) -> None:
    modes = {
        action["Configuration"]["ActionMode"]
        for actions in stages.values()
        for action in actions
        if action["ActionTypeId"]["Category"] == "Deploy"
    }

    assert modes == {"CREATE_UPDATE"}


def test_a_person_is_asked_where_the_stage_says_so_and_shown_permissions_before(
    stages: dict[str, list[dict[str, Any]]],
) -> None:
    orders = {
        name: [action["Name"] for action in sorted(actions, key=lambda a: a["RunOrder"])][:3]
        for name, actions in stages.items()
    }
    approvals = [
        name
        for name, actions in stages.items()
        if any(action["ActionTypeId"]["Category"] == "Approval" for action in actions)
    ]

    assert approvals == ["prod"]
    assert orders["prod"] == ["Before", "Permissions", "Approve"]
    assert run_order(stages["prod"], "Approve") > run_order(stages["prod"], "Before")
    assert run_order(stages["prod"], "Approve") > run_order(stages["prod"], "Permissions")


def run_order(actions: list[dict[str, Any]], name: str) -> int:
    (found,) = [action["RunOrder"] for action in actions if action["Name"] == name]
    order: int = found
    return order


def deployments(actions: list[dict[str, Any]]) -> list[int]:
    return [a["RunOrder"] for a in actions if a["ActionTypeId"]["Category"] == "Deploy"]


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_nothing_of_a_stage_is_touched_before_it_was_asked_and_nothing_after_it_is_checked(
    stages: dict[str, list[dict[str, Any]]], stage: str
) -> None:
    actions = stages[stage]

    # A failed action ends the stage, and the next stage begins only after all of them.
    assert run_order(actions, "Before") < min(deployments(actions))
    assert run_order(actions, "After") > max(deployments(actions))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stage_is_asked_by_the_command_that_people_run(
    template: dict[str, Any], when: str
) -> None:
    asked = [
        commands(with_specification(project))
        for project in of_type(template, "AWS::CodeBuild::Project")
        if f"mlops check {when}" in json.dumps(project["Source"]["BuildSpec"])
    ]

    assert sorted(asked) == [
        ["make .venv/.ready", f".venv/bin/mlops check {when} {stage}"]
        for stage in ("dev", "prod", "staging")
    ]


def test_asking_and_checking_have_one_role_that_only_takes_others(
    template: dict[str, Any],
) -> None:
    roles = {
        json.dumps(project["ServiceRole"])
        for project in of_type(template, "AWS::CodeBuild::Project")
        if "mlops check" in json.dumps(project["Source"]["BuildSpec"])
    }
    (role,) = [
        found
        for found in of_type(template, "AWS::IAM::Role")
        if found.get("RoleName") == "mlops-delivery-verification"
    ]
    granted = {
        action: statement["Resource"]
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        for action in [(statement["Sid"], statement["Action"])]
    }

    assert len(roles) == 1
    assert list(granted) == [
        ("FindImages", "ecr:DescribeImages"),
        ("ReadTheStages", "sts:AssumeRole"),
        ("StartChecks", "sts:AssumeRole"),
    ]
    assert all("*" not in resource for resource in granted.values())


def test_a_stages_starter_trusts_exactly_the_role_of_these_steps(
    template: dict[str, Any], templates: Templates
) -> None:
    for stage in ("dev", "staging", "prod"):
        (starter,) = [
            role
            for role in of_type(templates[f"{stage}/Checks"], "AWS::IAM::Role")
            if role.get("RoleName", "").endswith("-checks-starter")
        ]
        (trust,) = starter["AssumeRolePolicyDocument"]["Statement"]
        assert "111111111111:root" in json.dumps(trust["Principal"])
        assert trust["Condition"] == {
            "ArnEquals": {
                "aws:PrincipalArn": "arn:aws:iam::111111111111:role/mlops-delivery-verification"
            },
            "StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"},
        }


def test_permissions_are_compared_by_the_reading_role_of_the_stage(
    template: dict[str, Any],
) -> None:
    (command,) = commands(build_of(template, "--fail-on=broadening"))

    assert "--app . 'prod/*' --method=template" in command
    assert "|| aws sns publish" in command


def named_roles(templates: Templates, accounts: dict[str, str]) -> set[tuple[str, str]]:
    """The roles with a name that the stages make, each with its account."""
    return {
        (accounts[path.partition("/")[0]], role["RoleName"])
        for path, template in templates.items()
        if path != "Delivery"
        for role in of_type(template, "AWS::IAM::Role")
        if "RoleName" in role
    }


def test_every_role_of_another_account_is_made_by_bootstrap_or_by_its_stage(
    template: dict[str, Any], templates: Templates, root: Path
) -> None:
    accounts = {stage.name: stage.account for stage in load_platform(root).stages.stages}
    text = json.dumps(template)
    foreign = set(re.findall(r"iam::(\d{12}):role/([A-Za-z0-9-]+)", text))
    made = named_roles(templates, accounts) | {
        (account, f"cdk-hnb659fds-{role}-role-{account}-eu-west-1")
        for account in ("111111111111", "222222222222", "333333333333", "444444444444")
        for role in BOOTSTRAP_ROLES
    }

    assert {f"mlops-{stage}-checks-starter" for stage in accounts} <= {role for _, role in foreign}
    assert foreign - made == set()


def test_images_come_before_the_first_stage_and_name_every_model(
    template: dict[str, Any], root: Path
) -> None:
    build = build_of(template, "push-image")

    assert commands(build)[1:] == [
        f"sh constructs/mlops_constructs/delivery/push-image.sh {model}"
        for model in load_platform(root).model_names
    ]
    assert build["Environment"]["PrivilegedMode"] is True
    assert (root / "constructs/mlops_constructs/delivery/push-image.sh").is_file()


def test_the_build_of_images_may_pull_the_mirror_of_their_base_and_nothing_more(
    template: dict[str, Any], root: Path
) -> None:
    mirror = "arn:aws:ecr:eu-west-1:111111111111:repository/mirror/python"
    found = [
        set(statement["Action"])
        for policy in of_type(template, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if mirror in json.dumps(statement["Resource"])
    ]

    assert (load_platform(root).stages.delivery.images.base or "").partition(":")[0] == (
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mirror/python"
    )
    assert found == [
        {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
    ]


def test_no_other_build_is_privileged(template: dict[str, Any]) -> None:
    projects = of_type(template, "AWS::CodeBuild::Project")

    assert sum(project["Environment"]["PrivilegedMode"] for project in projects) == 1


def test_builds_write_to_the_encrypted_groups_that_end(template: dict[str, Any]) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    configured = [
        project["LogsConfig"]["CloudWatchLogs"]["Status"]
        for project in of_type(template, "AWS::CodeBuild::Project")
    ]

    assert all(group["KmsKeyId"] for group in groups)
    assert [group["RetentionInDays"] for group in groups] == [180, 180]
    # Synthesis, self-mutation, assets, images, the comparison, the automation, and two per stage.
    assert configured == ["ENABLED"] * (6 + 2 * 3)


def test_no_build_is_granted_by_pattern(template: dict[str, Any]) -> None:
    policies = json.dumps([p["PolicyDocument"] for p in of_type(template, "AWS::IAM::Policy")])

    assert re.findall(r'"[a-z0-9]+:[A-Za-z]*\*"', policies) == []
    assert "role/*" not in policies
    assert "bootstrap-role" not in policies


def test_the_length_is_the_one_that_the_limit_is_computed_from(
    stages: dict[str, list[dict[str, Any]]], root: Path
) -> None:
    platform = load_platform(root)
    counts = [len(stages[stage.name]) for stage in platform.stages.stages]

    batches = sum(model.batch is not None for model in platform.models)
    assert counts == stage_actions(len(platform.models), platform.stages, batches=batches)
    assert sum(map(len, stages.values())) - sum(counts) == FIXED


def delivery_of(
    platform: Platform,
    context: dict[str, Any],
    source: Source | None,
    *,
    stacks: int = 1,
    promotion: str = "on-approval",
    notifications: Notifications | None = None,
) -> cdk.App:
    delivery = Delivery(
        account="111111111111",
        region="eu-west-1",
        source=source,
        notifications=notifications or Notifications(),
    )
    specs = [s.model_copy(update={"promotion": promotion}) for s in platform.stages.stages]
    stages = platform.stages.model_copy(update={"delivery": delivery, "stages": tuple(specs)})
    app = cdk.App(context=context, builtin_cloud_formation_validation=False)
    made = []
    for spec in stages.stages:
        environment = cdk.Environment(account=spec.account, region=spec.region)
        stage = cdk.Stage(app, spec.name, env=environment)
        for number in range(stacks):
            cdk.CfnResource(cdk.Stack(stage, f"S{number}"), "Topic", type="AWS::SNS::Topic")
        made.append(stage)
    add_delivery(app, platform=replace(platform, stages=stages), stages=made)
    return app


def test_without_a_source_there_is_no_delivery(root: Path, cdk_context: dict[str, Any]) -> None:
    app = delivery_of(load_platform(root), cdk_context, None)

    assert app.node.try_find_child("Delivery") is None


def test_a_codecommit_repository_is_followed_by_its_events(
    root: Path, cdk_context: dict[str, Any]
) -> None:
    app = delivery_of(load_platform(root), cdk_context, Source(repository="mlops"))

    stack = app.node.find_child("Delivery")
    assert isinstance(stack, DeliveryStack)
    template = assertions.Template.from_stack(stack).to_json()
    (pipeline,) = of_type(template, "AWS::CodePipeline::Pipeline")
    source = pipeline["Stages"][0]["Actions"][0]
    assert source["ActionTypeId"]["Provider"] == "CodeCommit"
    assert source["Configuration"]["RepositoryName"] == "mlops"
    assert source["Configuration"]["PollForSourceChanges"] is False
    (target,) = [
        target
        for rule in of_type(template, "AWS::Events::Rule")
        if rule["EventPattern"]["source"] == ["aws.codecommit"]
        for target in rule["Targets"]
    ]
    assert "codepipeline" in json.dumps(target["Arn"])
    assert target["DeadLetterConfig"]["Arn"]
    trusts = [role["AssumeRolePolicyDocument"] for role in of_type(template, "AWS::IAM::Role")]
    assert all("aws:SourceAccount" in json.dumps(trust) for trust in trusts)


def test_one_model_alone_has_no_delivery(root: Path, cdk_context: dict[str, Any]) -> None:
    platform = load_platform(root)
    partial = replace(platform, model_names=(*platform.model_names, "another"))

    app = delivery_of(partial, cdk_context, platform.stages.delivery.source)

    assert app.node.try_find_child("Delivery") is None


def test_the_registry_reports_to_the_bus_that_is_there(
    template: dict[str, Any], root: Path
) -> None:
    names: Names = load_platform(root).names

    (bus,) = of_type(template, "AWS::Events::EventBus")
    assert bus["Name"] == names.event_bus


def test_a_stage_of_many_stacks_is_split_and_not_refused(
    root: Path, cdk_context: dict[str, Any]
) -> None:
    platform = load_platform(root)

    app = delivery_of(platform, cdk_context, Source(repository="mlops"), stacks=60)

    stack = app.node.find_child("Delivery")
    assert isinstance(stack, DeliveryStack)
    (pipeline,) = of_type(
        assertions.Template.from_stack(stack).to_json(), "AWS::CodePipeline::Pipeline"
    )
    counts = [len(stage["Actions"]) for stage in pipeline["Stages"]]
    assert max(counts) <= 50
    # Two steps of an approval, and for each stage one before and one after.
    assert sum(counts) == FIXED - 1 + 3 * 60 + 2 + 3 * 2


def test_a_pipeline_that_is_too_long_is_refused_before_it_is_deployed(
    root: Path, cdk_context: dict[str, Any]
) -> None:
    platform = load_platform(root)

    with pytest.raises(ContractError, match="models fit into these stages"):
        delivery_of(platform, cdk_context, Source(repository="mlops"), stacks=340)


def template_of(app: cdk.App) -> dict[str, Any]:
    stack = app.node.find_child("Delivery")
    assert isinstance(stack, DeliveryStack)
    template: dict[str, Any] = assertions.Template.from_stack(stack).to_json()
    return template


def test_where_people_pin_in_every_stage_there_is_no_automation(
    root: Path, cdk_context: dict[str, Any]
) -> None:
    source = Source(repository="mlops")

    template = template_of(
        delivery_of(load_platform(root), cdk_context, source, promotion="by-hand")
    )

    assert "release-automation" not in json.dumps(template)
    assert of_type(template, "AWS::Scheduler::Schedule") == []


def test_whom_the_configuration_names_is_told(root: Path, cdk_context: dict[str, Any]) -> None:
    told = Notifications(
        emails=("ops@example.com",),
        slack=SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23"),
    )
    platform = load_platform(root)

    template = template_of(
        delivery_of(platform, cdk_context, Source(repository="mlops"), notifications=told)
    )

    (rule,) = of_type(template, "AWS::CodeStarNotifications::NotificationRule")
    (pipeline_id,) = [
        id_
        for id_, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CodePipeline::Pipeline"
    ]
    assert pipeline_id in json.dumps(rule["Resource"])
    assert [one["Endpoint"] for one in of_type(template, "AWS::SNS::Subscription")] == [
        "ops@example.com"
    ]


def test_undelivered_events_are_kept_in_a_queue_that_is_there_before_its_rules(
    template: dict[str, Any],
) -> None:
    queues = {i for i, r in template["Resources"].items() if r["Type"] == "AWS::SQS::Queue"}
    targets = [t for rule in of_type(template, "AWS::Events::Rule") for t in rule["Targets"]]
    targets += [one["Target"] for one in of_type(template, "AWS::Scheduler::Schedule")]
    followed = [t for t in targets if "DeadLetterConfig" in t]

    assert len(queues) == 1
    assert {t["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] for t in followed} == queues
    assert len(followed) == 5
