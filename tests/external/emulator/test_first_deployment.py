"""docs/start/first-deployment.md from an empty account to a second project in it, state by state.

Every state is synthesized from a configuration of its own, held against the policies that the
page makes before anything is deployed, and deployed in its order. The emulator serves no endpoint,
so the check of a release is left out here; `test_rollback.py` runs it.
"""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mlops.checks.execution_role import sufficient
from mlops.checks.result import Status
from mlops.cli import cli
from mlops.cli.candidates import execution_role
from mlops.cli.execution_policy import action_table
from mlops.contract import load_platform
from tests.conftest import MODEL, _repository
from tests.external.emulator import hosting
from tests.external.emulator.accounts import Accounts, root_of, stack_states
from tests.external.emulator.command_line import CommandLine, Finished, said
from tests.external.emulator.projection import Change, Template, project, stacks
from tests.external.emulator.servers import Server
from tests.external.second_opinion.test_execution_actions import permissions

pytestmark = pytest.mark.full

DELIVERY, DEV, STAGING, PROD = (number * 12 for number in "5678")
MODEL_STACKS = ("serving", "release-check", "monitoring", "batch")
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "start" / "first-deployment.md").read_text()
STATES = {
    "nothing released": "releases: {}",
    "first version": "releases:\n  bike-demand: {dev: 1, staging: 1, prod: 1}",
    "second version": "releases:\n  bike-demand: {dev: 2, staging: 1, prod: 1}",
    "unpinned in dev": "releases:\n  bike-demand: {staging: 1, prod: 1}",
}


@dataclass(frozen=True, kw_only=True)
class Organization:
    """A clone of the repository with a configuration of its own."""

    folder: Path
    run_app: Callable[..., Finished]
    out: Path

    def changed(self, name: str, *, file: str, **replaced: str) -> "Organization":
        """The same with text of a configuration file replaced, in a clone of its own."""
        folder = self.out / f"clone-{name}"
        shutil.copytree(self.folder, folder, symlinks=True)
        path = folder / "config" / file
        text = path.read_text()
        for old, new in replaced.items():
            text = text.replace(old, new)
        path.write_text(text)
        return Organization(folder=folder, run_app=self.run_app, out=self.out)

    def state(self, releases: str) -> Path:
        """What is synthesized while these versions are pinned."""
        (self.folder / "config" / "releases.yaml").write_text(f"{releases}\n")
        out = self.out / f"{self.folder.name} {re.sub(r'[^a-z0-9]+', '-', releases)}"
        finished = self.run_app(out, script=self.folder / "app.py")
        assert finished.returncode == 0, finished.stderr
        return out

    def mlops(self, *arguments: str) -> str:
        """What a command prints."""
        options = ["--root", str(self.folder), *arguments]
        result = CliRunner().invoke(cli, options, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    def accounts(self, aws: Server, cdk: CommandLine) -> Accounts:
        """Its accounts, none of them prepared yet."""
        commands = self.mlops("bootstrap-commands").splitlines()
        return Accounts(aws=aws, cdk=cdk, commands=commands, mlops=self.mlops)


@pytest.fixture(scope="module")
def organization(
    run_app: Callable[..., Finished], tmp_path_factory: pytest.TempPathFactory
) -> Organization:
    """Other accounts, and nothing released, as the page has it in its second step."""
    out = tmp_path_factory.mktemp("organization")
    folder = _repository(tmp_path_factory.mktemp("clone"), MODEL)
    stages = folder / "config" / "stages.yaml"
    text = stages.read_text()
    for theirs, ours in zip("1234", (DELIVERY, DEV, STAGING, PROD), strict=True):
        text = text.replace(theirs * 12, ours)
    stages.write_text(text)
    (folder / "config" / "releases.yaml").write_text("releases: {}\n")
    return Organization(folder=folder, run_app=run_app, out=out)


@pytest.fixture(scope="module")
def bootstrapped(organization: Organization) -> dict[str, list[Mapping[str, Any]]]:
    """The statements of CloudFormation's policies by account, as step 4 of the page makes them."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in organization.mlops("bootstrap-commands").splitlines():
        printed = re.search(r"\$\(mlops (bootstrap-policy (\d+) \d+)\)", line)
        if printed:
            document = json.loads(organization.mlops(*printed[1].split()))
            found.setdefault(printed[2], []).extend(document["Statement"])
    return found


@pytest.fixture(scope="module")
def synthesized(organization: Organization, bootstrapped: object) -> dict[str, Path]:
    """Every state of the page; the policies are printed before the first version is pinned."""
    return {name: organization.state(releases) for name, releases in STATES.items()}


@pytest.fixture(scope="module")
def handlers(tools: Callable[[str], Path]) -> dict[str, set[str]]:
    """Calls of CloudFormation for every type, as the schemas in cfn-lint say."""
    (folder,) = tools("lint").parent.glob(
        "lib/python3*/site-packages/cfnlint/data/schemas/resources"
    )
    read = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return {schema["typeName"]: permissions(schema) for schema in read if isinstance(schema, dict)}


def excused(action: str) -> bool:
    """Whether the table says why CloudFormation needs no such call here."""
    patterns = action_table()["left_out"]
    return any(re.fullmatch(pattern.replace("*", ".*"), action) for pattern in patterns)


@pytest.mark.parametrize("state", STATES)
def test_the_policies_of_step_4_allow_every_call_of_every_state(
    state: str,
    synthesized: dict[str, Path],
    bootstrapped: dict[str, list[Mapping[str, Any]]],
    handlers: dict[str, set[str]],
) -> None:
    missing = {
        (stack.path, resource["Type"], action)
        for stack in stacks(synthesized[state])
        for resource in stack.template["Resources"].values()
        for action in handlers.get(resource["Type"], set())
        if not excused(action)
        and not any(action in one["Action"] for one in bootstrapped[stack.account])
    }

    assert missing == set()


@pytest.mark.parametrize("state", STATES)
def test_the_policies_of_step_4_pass_every_role_of_every_state(
    state: str, synthesized: dict[str, Path], bootstrapped: dict[str, list[Mapping[str, Any]]]
) -> None:
    passed = {
        account: set(one["Condition"]["StringEquals"]["iam:PassedToService"])
        for account, statements in bootstrapped.items()
        for one in statements
        if "iam:PassRole" in one["Action"]
    }
    trusted = {
        (stack.account, service)
        for stack in stacks(synthesized[state])
        for resource in stack.template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
        for service in re.findall(
            r'"Service": "([^"]+)"', json.dumps(resource["Properties"]["AssumeRolePolicyDocument"])
        )
    }

    assert len(trusted) > 4
    assert {pair for pair in trusted if pair[1] not in passed[pair[0]]} == set()


def test_generated_names_begin_with_the_project(synthesized: dict[str, Path]) -> None:
    # CloudFormation's role may make no role, policy or bucket of another name.
    names = {stack.name for out in synthesized.values() for stack in stacks(out)}

    assert {name for name in names if not name.startswith("mlops-")} == set()


def test_the_page_lists_the_stacks_that_an_unpinned_model_leaves(
    synthesized: dict[str, Path],
) -> None:
    before, after = (
        {stack.name for stack in stacks(synthesized[state]) if stack.account == DEV}
        for state in ("second version", "unpinned in dev")
    )
    listed = re.findall(r"delete-stack --stack-name (mlops-dev-[a-z-]+)", PAGE)

    model = [f"mlops-dev-bike-demand-{kind}" for kind in reversed(MODEL_STACKS)]
    assert listed == model
    assert before - after == {*model, "mlops-dev-overview", *before & {"mlops-dev-checks"}}


@pytest.mark.parametrize("state", STATES)
def test_what_a_stack_exports_does_not_depend_on_who_imports_it(
    state: str, synthesized: dict[str, Path]
) -> None:
    # A stack that stays may still import what a synthesis without it would no longer export, and
    # CloudFormation refuses to take an export away that is in use.
    exported = {
        name: {
            stack.path: sorted(
                json.dumps(output["Export"]["Name"])
                for output in stack.template.get("Outputs", {}).values()
                if "Export" in output
            )
            for stack in stacks(out)
        }
        for name, out in synthesized.items()
    }

    for other in exported.values():
        for path in exported[state].keys() & other.keys():
            assert exported[state][path] == other[path], path


def broken(path: str, template: Template) -> None:
    """A policy for a role that is not there: the first creation of the foundation fails late."""
    if path == "dev/Foundation":
        needs = [name for name in template["Resources"] if "Policy" in name or "Alias" in name]
        template["Resources"]["Broken"] = {
            "Type": "AWS::IAM::Policy",
            "DependsOn": needs,
            "Properties": {
                "PolicyName": "broken",
                "Roles": ["mlops-nobody"],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
                },
            },
        }


def unchecked(path: str, template: Template) -> None:
    """Without the answer of an endpoint, which the emulator does not have."""
    resources = template["Resources"]
    for name in [n for n, found in resources.items() if found["Type"] == "Custom::ReleaseCheck"]:
        del resources[name]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What every command of the page came to, in its order."""

    failed_creation: Finished
    left_by_it: dict[str, list[str]]
    deployed: dict[str, Finished]
    unpinned: dict[str, str]
    destroyed: Finished
    left: dict[str, list[str]]
    again: Finished
    imported: Finished
    deployed_again: Finished
    left_again: dict[str, list[str]]


def kept(aws: Server, account: str) -> dict[str, list[str]]:
    """Buckets, keys and aliases of an account, without those of its bootstrap."""
    buckets = aws.client("s3", root_of(account)).list_buckets()["Buckets"]
    kms = aws.client("kms", root_of(account))
    aliases = kms.list_aliases()["Aliases"]
    keys = [key["KeyId"] for key in kms.list_keys()["Keys"]]
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}
    return {
        "buckets": sorted(b["Name"] for b in buckets if not b["Name"].startswith("cdk-")),
        "keys": sorted(key for key, state in states.items() if state == "Enabled"),
        "aliases": sorted(a["AliasName"] for a in aliases if a["AliasName"].startswith("alias/m")),
    }


def mapping(template: Template, found: Mapping[str, list[str]]) -> dict[str, dict[str, str]]:
    """What a person answers to `cdk import`: the physical name of everything that was left."""
    names = {
        "AWS::S3::Bucket": lambda it: {"BucketName": it["BucketName"]},
        "AWS::KMS::Alias": lambda it: {"AliasName": it["AliasName"]},
        "AWS::KMS::Key": lambda _: {"KeyId": found["keys"][0]},
    }
    return {
        logical_id: names[resource["Type"]](resource["Properties"])
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in names and resource.get("DeletionPolicy") == "RetainExceptOnCreate"
    }


@pytest.fixture(scope="module")
def walk(
    organization: Organization,
    synthesized: dict[str, Path],
    aws: Server,
    cdk: CommandLine,
    tmp_path_factory: pytest.TempPathFactory,
) -> Walk:
    """Every state of the page in its order, deployed to the training stage's account."""
    folder = tmp_path_factory.mktemp("walk")

    def app(assembly: Path, name: str, change: Change = unchecked) -> Path:
        return project(assembly, folder / name, change)

    def deploy(out: Path, *chosen: str, account: str = DEV) -> Finished:
        with hosting.quiet_alarms(aws.client("cloudwatch", root_of(account))):
            return cdk.deploy(out, *chosen, by=root_of(account))

    apps = {name: app(assembly, name) for name, assembly in synthesized.items()}
    organization.accounts(aws, cdk).prepare(DEV)
    first = app(synthesized["nothing released"], "broken", broken)
    failed = deploy(first, "dev/Foundation")
    left_by_it = kept(aws, DEV)
    # The console's `Delete stack`, which the page asks for.
    cloudformation = aws.client("cloudformation", root_of(DEV))
    cloudformation.delete_stack(StackName="mlops-dev-foundation")
    deployed = {name: deploy(apps[name], "dev/*") for name in list(STATES)}
    for kind in reversed(MODEL_STACKS):
        cloudformation.delete_stack(StackName=f"mlops-dev-bike-demand-{kind}")
    unpinned = stack_states(aws, DEV)
    last = apps["second version"]
    deployed["pinned again"] = deploy(last, "dev/*")
    options = ("--app", str(last), "--force")
    destroyed = cdk("destroy", "dev/*", *options, by=root_of(DEV))
    left = kept(aws, DEV)
    again = deploy(last, "dev/Foundation")
    cloudformation.delete_stack(StackName="mlops-dev-foundation")
    (foundation,) = (stack for stack in stacks(last) if stack.path == "dev/Foundation")
    answers = folder / "answers.json"
    answers.write_text(json.dumps(mapping(foundation.template, left)))
    imported = cdk(
        "import", "dev/Foundation", "--app", str(last), "--resource-mapping", str(answers),
        by=root_of(DEV),
    )  # fmt: skip
    deployed_again = deploy(last, "dev/*")
    left_again = kept(aws, DEV)
    return Walk(
        failed_creation=failed,
        left_by_it=left_by_it,
        deployed=deployed,
        unpinned=unpinned,
        destroyed=destroyed,
        left=left,
        again=again,
        imported=imported,
        deployed_again=deployed_again,
        left_again=left_again,
    )


def test_a_first_creation_that_fails_leaves_nothing_in_the_way_of_its_retry(walk: Walk) -> None:
    assert walk.failed_creation.returncode == 1
    assert walk.left_by_it == {"buckets": [], "keys": [], "aliases": []}
    assert walk.deployed["nothing released"].returncode == 0, said(
        walk.deployed["nothing released"]
    )


@pytest.mark.parametrize("state", [*STATES, "pinned again"])
def test_each_state_is_deployed_after_the_one_before(state: str, walk: Walk) -> None:
    assert walk.deployed[state].returncode == 0, said(walk.deployed[state])


def test_an_unpinned_model_is_gone_once_its_stacks_are_deleted(walk: Walk) -> None:
    assert sorted(walk.unpinned) == [
        "mlops-dev-bike-demand-training",
        "mlops-dev-checks",
        "mlops-dev-foundation",
        "mlops-dev-overview",
        "mlops-dev-registry",
    ]


def test_destroying_the_training_stage_keeps_what_other_stages_load_models_by(walk: Walk) -> None:
    assert walk.destroyed.returncode == 0, said(walk.destroyed)
    assert [name.split("-")[2] for name in walk.left["buckets"]] == ["artifacts", "logs"]
    assert len(walk.left["keys"]) == 1
    assert walk.left["aliases"] == ["alias/mlops-dev"]


def test_a_destroyed_stage_is_deployed_again_by_importing_what_it_left(walk: Walk) -> None:
    assert walk.again.returncode == 1
    # Each bucket that is there is an error of the validation before anything is made.
    assert "Validation failed with 2 error(s)" in said(walk.again)
    assert walk.imported.returncode == 0, said(walk.imported)
    assert walk.deployed_again.returncode == 0, said(walk.deployed_again)
    assert walk.left_again["keys"] == walk.left["keys"]
    assert walk.left_again["aliases"] == walk.left["aliases"]


def test_the_check_before_a_deployment_compares_the_attached_policies(
    walk: Walk, organization: Organization, aws: Server
) -> None:
    platform = load_platform(organization.folder)
    role = execution_role(platform, platform.stages.training)
    iam = aws.client("iam", root_of(DEV))
    clients: Any = lambda service: aws.client(service, root_of(DEV))  # noqa: E731  # of one account
    second = f"arn:aws:iam::{DEV}:policy/cdk-execution-mlops-2"

    found = sufficient(clients, role)
    iam.detach_role_policy(RoleName=role.name, PolicyArn=second)
    without = sufficient(clients, role)
    iam.attach_role_policy(RoleName=role.name, PolicyArn=second)

    assert found.status is Status.PASSED, found.detail
    assert without.status is Status.FAILED
    assert "docs/start/deploying.md" in without.detail


def test_a_second_project_in_the_same_account_collides_with_nothing(
    walk: Walk, organization: Organization, aws: Server, cdk: CommandLine, tmp_path: Path
) -> None:
    second = organization.changed(
        "second", file="stages.yaml", **{"project: mlops": "project: acme"}
    )
    app = project(second.state(STATES["first version"]), tmp_path / "cdk.out", unchecked)
    second.accounts(aws, cdk).prepare(DEV)
    before = stack_states(aws, DEV)

    with hosting.quiet_alarms(aws.client("cloudwatch", root_of(DEV))):
        finished = cdk.deploy(app, "dev/*", by=root_of(DEV))

    assert finished.returncode == 0, said(finished)
    assert before.items() <= stack_states(aws, DEV).items()


def test_one_account_holds_the_delivery_and_every_stage(
    organization: Organization, aws: Server, cdk: CommandLine, tmp_path: Path
) -> None:
    alone = organization.changed(
        "alone", file="stages.yaml", **dict.fromkeys((DEV, STAGING, PROD), DELIVERY)
    )
    app = project(alone.state(STATES["first version"]), tmp_path / "cdk.out", unchecked)
    alone.accounts(aws, cdk).prepare(DELIVERY)

    with hosting.quiet_alarms(aws.client("cloudwatch", root_of(DELIVERY))):
        finished = [
            cdk.deploy(app, chosen, by=root_of(DELIVERY))
            for chosen in ("Delivery", "dev/*", "staging/*", "prod/*")
        ]

    assert [one.returncode for one in finished] == [0, 0, 0, 0], "\n".join(map(said, finished))
    wanted = {stack.name for stack in stacks(app)}
    assert stack_states(aws, DELIVERY).keys() == wanted
