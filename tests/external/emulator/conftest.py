"""Deployments to emulators on loopback: nothing here reaches another address.

One emulator serves the whole session, with one account per stage. Each account is prepared and each
stage deployed once, by the first test that asks; what a test changes, it changes back.
"""

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Final, cast

import pytest
from click.testing import CliRunner

from mlops.cli import cli
from mlops.rehearsal.local_aws.processes import Processes
from tests.external.emulator import hosting
from tests.external.emulator.accounts import (
    DELIVERY,
    DEV,
    Accounts,
    Deployment,
    root_of,
    stack_states,
)
from tests.external.emulator.command_line import CommandLine
from tests.external.emulator.projection import Change, Template, project
from tests.external.emulator.roles import Roles
from tests.external.emulator.servers import Credentials, Server, start_aws, start_sagemaker

_LOG_LINES: Final = 40
# Not what clients leave behind that hang up without a word.
_TELLING: Final = re.compile(r"(?!.*\[asyncio\])(\S*\[?20\d\d-|.* [45]\d\d -$)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the emulators' logs beside a failure."""
    report = yield
    if report.failed:
        for name in sorted({"aws", "sagemaker"} & item.funcargs.keys()):
            log = cast("Server", item.funcargs[name]).log
            lines = [line for line in log.read_text().splitlines() if _TELLING.match(line)]
            report.sections.append((f"end of {log}", "\n".join(lines[-_LOG_LINES:])))
    return report


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate, logs and temporary files of the servers."""
    return tmp_path_factory.mktemp("emulators")


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    """Starts servers; each ends with its children, whatever happens."""
    processes = Processes()
    yield processes
    processes.stop()


@pytest.fixture(scope="session")
def sagemaker(tools: Callable[[str], Path], processes: Processes, servers_folder: Path) -> Server:
    """SageMaker's API."""
    return start_sagemaker(processes, tools("emulator"), servers_folder)


@pytest.fixture(scope="session")
def aws(
    tools: Callable[[str], Path], processes: Processes, servers_folder: Path, sagemaker: Server
) -> Server:
    """Everything else of AWS, as far as the platform needs it."""
    return start_aws(processes, tools("emulator"), servers_folder, sagemaker=sagemaker)


@pytest.fixture(scope="session")
def projection(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly, as far as the emulator knows its resource types."""
    return project(assembly, tmp_path_factory.mktemp("projection") / "cdk.out")


@pytest.fixture
def changed(assembly: Path, tmp_path: Path) -> Callable[[Change], Path]:
    """The projection of the assembly after a change."""
    return lambda change: project(assembly, tmp_path / "cdk.out", change)


@pytest.fixture(scope="session")
def cdk(root: Path, aws: Server, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The pinned command line."""
    program = root / "node_modules" / ".bin" / "cdk"
    return CommandLine(program=program, server=aws, folder=tmp_path_factory.mktemp("cdk"))


@pytest.fixture(scope="session")
def accounts(root: Path, aws: Server, cdk: CommandLine) -> Accounts:
    """The accounts, none of them prepared yet."""

    def mlops(*arguments: str) -> str:
        options = ["--root", str(root), *arguments]
        result = CliRunner().invoke(cli, options, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    commands = mlops("bootstrap-commands").splitlines()
    return Accounts(aws=aws, cdk=cdk, commands=commands, mlops=mlops)


@pytest.fixture(scope="session")
def deploy(
    projection: Path,
    aws: Server,
    sagemaker: Server,
    cdk: CommandLine,
    templates: dict[str, Template],
) -> Callable[..., Deployment]:
    """Deploys `<stage>/*`, while SageMaker and CloudWatch do their part."""
    hosted: set[str] = set()

    def deployed(
        account: str, stage: str, *, by: Credentials | None = None, app: Path = projection
    ) -> Deployment:
        for path, template in templates.items():
            if (
                path.startswith(f"{stage}/")
                and path.endswith("-ReleaseCheck")
                and path not in hosted
            ):
                hosted.add(path)
                client = sagemaker.client("sagemaker", root_of(account))
                hosting.host(client, hosting.expectation(template))
        with hosting.quiet_alarms(aws.client("cloudwatch", root_of(account))):
            finished = cdk.deploy(app, f"{stage}/*", by=by or root_of(account))
        return Deployment(finished=finished, stacks=stack_states(aws, account))

    return deployed


@pytest.fixture(scope="session")
def dev(accounts: Accounts, deploy: Callable[..., Deployment]) -> Deployment:
    """The first stage, deployed by hand: `cdk deploy 'dev/*'` with credentials of its account."""
    accounts.prepare(DEV)
    return deploy(DEV, "dev")


@pytest.fixture(scope="session")
def delivery_bus(aws: Server) -> str:
    """A bus of the delivery bus's name in the first stage's account, where the projection looks."""
    aws.client("events", root_of(DEV)).create_event_bus(Name="mlops-delivery")
    return "mlops-delivery"


@pytest.fixture(scope="session")
def delivery(accounts: Accounts, projection: Path, cdk: CommandLine, aws: Server) -> Deployment:
    """The Delivery stack, deployed by hand as it is once."""
    accounts.prepare(DELIVERY)
    finished = cdk.deploy(projection, "Delivery", by=root_of(DELIVERY))
    return Deployment(finished=finished, stacks=stack_states(aws, DELIVERY))


@pytest.fixture(scope="session")
def roles(delivery: Deployment, aws: Server) -> Roles:
    """What the deployed roles of the Delivery stack may."""
    return Roles(aws=aws)
