"""The accounts of config/stages.yaml in the emulator, each prepared by the printed commands."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.external.emulator.command_line import CommandLine, Finished
from tests.external.emulator.servers import Credentials, Server

DELIVERY, DEV, STAGING, PROD = (number * 12 for number in "1234")

_CREATE_POLICY: Final = re.compile(
    r"aws iam create-policy --policy-name (?P<name>\S+) "
    r'--policy-document "\$\(mlops (?P<document>bootstrap-policy (?P<account>\d{12}) \d+)\)"'
    r"  # in (?P=account)"
)
_BOOTSTRAP: Final = re.compile(r"npx cdk (?P<arguments>bootstrap aws://(?P<account>\d{12})/.+)")


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a deployment said, and the state of the account's stacks right after it."""

    finished: Finished
    stacks: Mapping[str, str]


def root_of(account: str) -> Credentials:
    """The emulator takes an account's number for the access key of its root user."""
    return Credentials(key=account)


def stack_states(aws: Server, account: str) -> dict[str, str]:
    """The state of every stack of an account but the bootstrap's."""
    found = aws.client("cloudformation", root_of(account)).describe_stacks()["Stacks"]
    states = {stack["StackName"]: stack["StackStatus"] for stack in found}
    return {name: state for name, state in states.items() if name != "CDKToolkit"}


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Prepares an account when it is first needed."""

    aws: Server
    cdk: CommandLine
    commands: Sequence[str]
    """What `make bootstrap-commands` prints."""
    mlops: Callable[..., str]
    """Runs the `mlops` command and returns what it prints."""
    _policies: set[str] = field(default_factory=set)
    _bootstrapped: set[tuple[str, bool]] = field(default_factory=set)

    def prepare(self, account: str, *, trusted: bool = True) -> None:
        """Run the account's commands in their order; only the endpoint is another one.

        boto3 stands for the `aws` program, and the pinned CDK command line for what `npx` finds.
        Without trust, the account does not get the `--trust` that is printed.
        """
        if (account, trusted) in self._bootstrapped:
            return
        for line in self.commands:
            policy, bootstrap = _CREATE_POLICY.fullmatch(line), _BOOTSTRAP.fullmatch(line)
            assert policy or bootstrap, line
            if policy and policy["account"] == account:
                self._create_policy(account, policy["name"], policy["document"])
            if bootstrap and bootstrap["account"] == account:
                self._bootstrap(account, bootstrap["arguments"], trusted=trusted)

    def _create_policy(self, account: str, name: str, document: str) -> None:
        if f"{account} {name}" not in self._policies:
            iam = self.aws.client("iam", root_of(account))
            iam.create_policy(PolicyName=name, PolicyDocument=self.mlops(*document.split()))
            self._policies.add(f"{account} {name}")

    def _bootstrap(self, account: str, arguments: str, *, trusted: bool) -> None:
        if not trusted:
            arguments = re.sub(r" --trust \d{12}", "", arguments)
        finished = self.cdk(*shlex.split(arguments), by=root_of(account))
        assert finished.returncode == 0, finished.stderr
        self._bootstrapped.add((account, trusted))
