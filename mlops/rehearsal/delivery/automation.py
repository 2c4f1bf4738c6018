"""Triggers the release automation: by an event that reaches its build project, or by its sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops.rehearsal.delivery.results import Waking
from mlops.rehearsal.delivery.routes import Arrival, Routes, build_project
from mlops.rehearsal.delivery.world import World, waken
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly

Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Automation:
    """The program behind the synthesized rules, run on this rehearsal's registry and remote."""

    world: World
    assembly: Assembly

    def approved(self, event: Event, *, times: int) -> list[Waking]:
        """A decision in the registry, delivered from its account as often as asked.

        Raises:
            RehearsalError: no synthesized rule brings it to the automation.
        """
        routes = Routes(assembly=self.assembly)
        arrivals = routes.arrivals(event, account=str(event["account"]))
        return self._delivered(event, arrivals, times)

    def reported(self, event: Event, *, bus_arn: str, times: int) -> list[Waking]:
        """A stage's evidence, delivered from the bus that it was put on.

        Raises:
            RehearsalError: the bus refuses the account, or no rule brings it to the automation.
        """
        routes = Routes(assembly=self.assembly)
        arrivals = routes.sent(event, account=str(event["account"]), bus_arn=bus_arn)
        return self._delivered(event, arrivals, times)

    def swept(self) -> Waking:
        """The sweep, which needs no event."""
        return self._woken("the sweep, every 15 minutes", ())

    def _delivered(self, event: Event, arrivals: list[Arrival], times: int) -> list[Waking]:
        rules = self._rules_to_the_build(arrivals)
        if rules is None:
            raise RehearsalError(
                f"{event['detail-type']}: no synthesized rule brings this event to the release "
                "automation; remedy: set `promotion` of a stage in config/stages.yaml"
            )
        told = ("", " (delivered again)")
        return [
            self._woken(f"{event['detail-type']}{told[min(number, 1)]}", rules)
            for number in range(times)
        ]

    def _rules_to_the_build(self, arrivals: list[Arrival]) -> tuple[str, ...] | None:
        return next(
            (one.rules for one in arrivals if build_project(self.assembly, one.target)), None
        )

    def _woken(self, cause: str, rules: tuple[str, ...]) -> Waking:
        before = self.world.tip
        done = waken(self.world, self.world.checkout())
        if done.returncode:
            raise RehearsalError(
                f"the release automation failed ({cause}): {done.stderr or done.stdout}"
            )
        after = self.world.tip
        pushed = after if after != before else None
        message = self.world.git("log", "-1", "--format=%B", after, folder=self.world.origin)
        return Waking(
            cause=cause,
            rules=rules,
            said=done.stdout.strip(),
            commit=pushed,
            message=message.strip() if pushed else "",
        )
