"""Where an event goes: through the rules, buses and bus policies of the synthesized templates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops.rehearsal.delivery.patterns import Event, matches
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly, Stack
from mlops.rehearsal.local_aws.intrinsics import TemplateError

DEFAULT: Final = "default"
_BUS: Final = ":event-bus/"


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A target that is handed an event, and the rules that led there."""

    target: str
    """ARN of the target, or the stand-in that the template makes of it."""
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Every rule of an assembly."""

    assembly: Assembly

    def arrivals(self, event: Event, *, account: str, bus: str = DEFAULT) -> list[Arrival]:
        """The targets that an event reaches from a bus of an account, over other buses as well.

        Raises:
            RehearsalError: a bus does not let the account in, or a pattern cannot be rehearsed.
        """
        found = []
        for rule, target in self._targets(event, account, bus):
            if _BUS not in target:
                found.append(Arrival(target=target, rules=(rule,)))
                continue
            found += [
                Arrival(target=arrival.target, rules=(rule, *arrival.rules))
                for arrival in self.sent(event, account=account, bus_arn=target)
            ]
        return found

    def sent(self, event: Event, *, account: str, bus_arn: str) -> list[Arrival]:
        """The targets that an event reaches which an account puts on a bus.

        Raises:
            RehearsalError: there is no such bus, or it does not let the account in.
        """
        owner, name = bus_arn.split(":")[4], bus_arn.rpartition("/")[2]
        if owner != account and account not in self._let_in(owner, name, event):
            raise RehearsalError(
                f"{bus_arn}: lets account {account} put no events of this kind; remedy: name the "
                "account in config/stages.yaml, then synthesize"
            )
        return self.arrivals(event, account=owner, bus=name)

    def _targets(self, event: Event, account: str, bus: str) -> Iterator[tuple[str, str]]:
        for stack in self._stacks_of(account):
            values = self.assembly.intrinsics(stack)
            for logical_id, rule in stack.resources("AWS::Events::Rule"):
                name = values.text(rule.get("EventBusName", DEFAULT)).rpartition("/")[2]
                pattern = values.value(rule.get("EventPattern", {}))
                if name == bus and pattern and matches(pattern, event):
                    for target in rule.get("Targets", []):
                        yield f"{stack.place.stack}/{logical_id}", values.text(target["Arn"])

    def _let_in(self, owner: str, bus: str, event: Event) -> set[str]:
        """Accounts that the bus's policies name for events of this source and detail type."""
        found: set[str] = set()
        for stack in self._stacks_of(owner):
            values = self.assembly.intrinsics(stack)
            for _, policy in stack.resources("AWS::Events::EventBusPolicy"):
                statement = values.value(policy["Statement"])
                if values.text(policy["EventBusName"]) == bus and _covers(statement, event):
                    found |= _accounts(statement)
        return found

    def _stacks_of(self, account: str) -> Iterator[Stack]:
        return (stack for stack in self.assembly.stacks if stack.place.account == account)


def build_project(assembly: Assembly, arn: str) -> Mapping[str, Any] | None:
    """The build project behind a target, or None where the target is something else."""
    for stack in assembly.stacks:
        values = assembly.intrinsics(stack)
        for logical_id, project in stack.resources("AWS::CodeBuild::Project"):
            try:
                if values.arn(logical_id) == arn:
                    return project
            except TemplateError:
                continue
    return None


def _covers(statement: Mapping[str, Any], event: Event) -> bool:
    """Whether a statement's conditions on an event's kind let it through."""
    asked = {"events:source": event.get("source"), "events:detail-type": event.get("detail-type")}
    for operator, keys in statement.get("Condition", {}).items():
        if operator != "ForAllValues:StringEquals" or not asked.keys() >= keys.keys():
            raise RehearsalError(f"the policy of a bus asks for {operator}, which is not rehearsed")
        if any(asked[key] not in _listed(allowed) for key, allowed in keys.items()):
            return False
    return True


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _accounts(statement: Mapping[str, Any]) -> set[str]:
    principals = statement.get("Principal", {}).get("AWS", [])
    return {one.split(":")[4] if one.startswith("arn:") else one for one in _listed(principals)}
