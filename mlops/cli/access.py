"""With whose credentials an account is read: a profile's, one's own, or a role's over there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from mlops.checks.clients import Clients, clients_in
from mlops.cli.no_access import NoAccessError
from mlops.cli.profiles import profile_of
from mlops.contract import Names
from mlops.contract.stage_spec import Environment, StageSpec

MakeClients = Callable[..., Clients]
DELIVERY: Final = "delivery"
"""How the delivery account is named among the stages."""


@dataclass(frozen=True)
class Access:
    """Ways into the accounts of a platform.

    A person's credentials are used where they belong to the account. From elsewhere, and always for
    the delivery pipeline's own role, a role of the account is assumed, which trusts the delivery
    account.
    """

    names: Names
    profiles: Sequence[str]
    make: MakeClients = field(default=clients_in)

    def reading(self, stage: StageSpec) -> Clients:
        """Clients that read in a stage: bootstrap made a role for that."""
        return self._into(stage.name, stage, lookup_role(stage))()

    def repositories(self) -> Clients:
        """Clients that read in the delivery account."""
        delivery = self.names.stages.delivery
        return self._into(DELIVERY, delivery, lookup_role(delivery), is_home=True)()

    def starting(self, stage: StageSpec) -> Callable[[], Clients]:
        """Makes clients that start a stage's checks, each time with fresh credentials."""
        return self._into(stage.name, stage, self.names.checks_starter_role(stage))

    def own(self, stage: StageSpec) -> Clients:
        """Clients with one's own credentials or profile.

        Raises:
            NoAccessError: they belong to another account.
        """
        clients = self.make(stage.region, profile=profile_of(self.profiles, stage.name))
        _require_account(clients, stage.name, stage.account)
        return clients

    def _into(
        self, name: str, place: Any, role: str, *, is_home: bool = False
    ) -> Callable[[], Clients]:
        profile = profile_of(self.profiles, name)
        clients = self.make(place.region, profile=profile)
        if profile is not None:
            _require_account(clients, name, place.account)
            return lambda: clients
        identity = self._identity
        mine = identity["Account"] == place.account
        if mine and (is_home or not self._is_pipeline(identity["Arn"])):
            return lambda: clients
        return lambda: clients.as_role(role, region=place.region)

    @cached_property
    def _identity(self) -> dict[str, str]:
        region = self.names.stages.delivery.region
        found: dict[str, str] = self.make(region)("sts").get_caller_identity()
        return found

    def _is_pipeline(self, arn: str) -> bool:
        """Whether this is a step of the pipeline, whose role reads nothing itself."""
        role = self.names.verification_role.rpartition("/")[2]
        return f":assumed-role/{role}/" in arn


def lookup_role(place: Environment | StageSpec) -> str:
    """ARN of the role that bootstrap makes for looking things up."""
    name = f"cdk-hnb659fds-lookup-role-{place.account}-{place.region}"
    return f"arn:aws:iam::{place.account}:role/{name}"


def _require_account(clients: Clients, name: str, account: str) -> None:
    """In another account nothing is deployed either, which would prove nothing."""
    found = clients("sts").get_caller_identity()["Account"]
    if found != account:
        raise NoAccessError(
            f"the credentials for {name} are of account {found}; allowed: {account}; "
            f"remedy: --profile {name}=NAME"
        )
