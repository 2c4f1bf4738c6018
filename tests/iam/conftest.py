"""The platform's permissions, read once from what was synthesized, and who judges requests."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mlops.cli.execution_policy import accounts
from mlops.contract import StagesSpec, load_platform
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.intrinsics import Intrinsics, Place
from tests.iam.bootstrap import bootstrapped, execution_policies
from tests.iam.simulator import SCRIPT, Request, Simulator, Verdict
from tests.iam.table import Table, the_table
from tests.iam.templates import Located, constructs
from tests.iam.world import World, world_of


@pytest.fixture(scope="session")
def stages(root: Path) -> StagesSpec:
    """The accounts of the platform."""
    return load_platform(root).stages


@pytest.fixture(scope="session")
def world(root: Path, assembly: Path, stages: StagesSpec) -> World:
    """Every account: its stacks, its bootstrap, and what CloudFormation may do there."""
    return _world(root, assembly, stages)


@pytest.fixture(scope="session")
def codecommit_world(root: Path, codecommit_assembly: Path, stages: StagesSpec) -> World:
    """The same accounts where the delivery follows a CodeCommit repository."""
    return _world(root, codecommit_assembly, stages)


def _world(root: Path, assembly: Path, stages: StagesSpec) -> World:
    names = {stage.account: stage.name for stage in stages.stages}
    names[stages.delivery.account] = "delivery"
    read, paths = Assembly(assembly), constructs(assembly)
    located = [
        Located(
            template=stack.template,
            values=read.intrinsics(stack),
            constructs=paths[stack.place.stack],
        )
        for stack in read.stacks
    ]
    deployed = accounts(stages)
    bootstrap = _bootstrap_template(root)
    for account in deployed:
        template = bootstrapped(bootstrap, account, stages)
        place = Place(account=account.account, region=account.region, stack="CDKToolkit")
        values = Intrinsics(template=template, place=place, imported=lambda _: None)
        where = f"{names[account.account]}/Bootstrap"
        known = {logical_id: f"{where}/{logical_id}" for logical_id in template["Resources"]}
        located.append(Located(template=template, values=values, constructs=known))
    return world_of(
        located,
        managed=execution_policies(deployed),
        accounts={name: account for account, name in names.items()},
        organization=stages.organization,
    )


def _bootstrap_template(root: Path) -> dict[str, object]:
    cdk = root / "node_modules" / ".bin" / "cdk"
    assert cdk.exists(), "node_modules is not installed; run `make setup`"
    shown = subprocess.run(
        [cdk, "bootstrap", "--show-template", "--no-notices"],
        check=True,
        capture_output=True,
        text=True,
    )
    template: dict[str, object] = YAML(typ="safe").load(shown.stdout)
    return template


@pytest.fixture(scope="session")
def table() -> Table:
    """What people expect of a platform whose delivery follows a connection."""
    return the_table().of("connection")


@pytest.fixture(scope="session")
def codecommit_table() -> Table:
    """What people expect of one whose delivery follows a CodeCommit repository."""
    return the_table().of("codecommit")


@pytest.fixture(scope="session")
def requests(world: World, table: Table) -> dict[str, Request]:
    """The question of each row, by its name."""
    return _requests(world, table)


@pytest.fixture(scope="session")
def codecommit_verdicts(
    codecommit_world: World, codecommit_table: Table, simulator: Simulator
) -> dict[str, Verdict]:
    """The answer to each row about the delivery of a CodeCommit repository, by its name."""
    asked = _requests(codecommit_world, codecommit_table)
    answers = simulator.decide(codecommit_world.documents, asked.values())
    return dict(zip(asked, answers, strict=True))


def _requests(world: World, table: Table) -> dict[str, Request]:
    return {
        row.name: world.request(
            principal=row.who,
            action=row.action,
            resource=row.resource,
            context=row.context,
            judged_as=row.judged_as,
        )
        for row in table.rows
    }


@pytest.fixture(scope="session")
def verdicts(
    world: World, simulator: Simulator, requests: dict[str, Request]
) -> dict[str, Verdict]:
    """The answer to each row, by its name."""
    return dict(zip(requests, simulator.decide(world.documents, requests.values()), strict=True))


@pytest.fixture(scope="session")
def simulator(root: Path, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The simulator, installed on first use and after a change of its lock."""
    folder = root / ".envs" / "iam-simulator"
    lock, ready = SCRIPT.with_name("package-lock.json"), folder / "lock.sha256"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not ready.exists() or ready.read_text() != digest:
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.write_line("installing the IAM simulator into .envs/iam-simulator, once")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(SCRIPT.with_name(name), folder)
        subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=folder, check=True)
        ready.write_text(digest)
    simulator = Simulator(folder)
    yield simulator
    simulator.close()
