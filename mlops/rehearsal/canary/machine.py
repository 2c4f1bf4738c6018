"""Whether this machine kept up with a deployment: its exhaustion is not the model's fault.

A machine that became busy shows itself in four places: requests leave late, or never; the old
fleet, in which nothing is broken, cannot take its requests or would have raised the latency alarm
too; answers stay out; the system refuses connections or processes. Any of them makes the deployment
invalid, whatever its alarms say.
"""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlops.rehearsal.canary.endpoint import RollbackAlarm
from mlops.rehearsal.canary.exchange import NoAnswerError
from mlops.rehearsal.canary.metrics import LATENCY, Metrics
from mlops.rehearsal.canary.results import Pace
from mlops.rehearsal.canary.router import ANSWER_TIMEOUT_SECONDS, Router
from mlops.rehearsal.canary.traffic import Request
from mlops.rollout import State, history, timeline

LAG_LIMIT_MS: Final = 50.0
"""A generator this late (p99) measures its own machine."""
LONGEST_LAG_MS: Final = 500.0
_EACH_SECONDS: Final = 0.1


@dataclass(kw_only=True)
class Machine:
    """What was seen of the machine's limits during one deployment."""

    refusals: list[str] = field(default_factory=list)
    """What the system refused, such as a connection, in its own words."""
    given_up: int = 0
    """Requests to which no answer came, long after the deployment."""

    def noted(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what the event loop would print, again and again, once per kind."""
        error = context.get("exception")
        text = f"{type(error).__name__}: {error}" if error else str(context["message"])
        if text not in self.refusals:
            self.refusals.append(text)

    def exhaustion(
        self, *, pace: Pace, router: Router, withheld: int, old_fleet_is_slow: bool
    ) -> str:
        """Why the deployment shows this machine and not the candidate; "" where it does not."""
        return "; ".join(
            (
                *self._system(withheld),
                *_late(pace),
                *_old_fleet(router.crowded["blue"], router.most_in_flight, old_fleet_is_slow),
            )
        )

    def _system(self, withheld: int) -> Iterator[str]:
        yield from self.refusals
        if withheld:
            yield f"{withheld} requests could not leave, because too many were without an answer"
        if self.given_up:
            yield f"{self.given_up} requests had no answer long after the deployment"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Asks the old fleet directly, ten times a second, as long as it runs.

    After the shift it has no other request, and the new fleet's latency nothing to be held against.
    """

    router: Router
    metrics: Metrics
    requests: Sequence[Request]

    async def run(self) -> None:
        """Ask until cancelled, one request after the other."""
        for number in itertools.count():
            await asyncio.sleep(_EACH_SECONDS)
            fleet = self.router.fleets["blue"]
            if fleet and self.requests:
                request = self.requests[number % len(self.requests)]
                await self._asked(fleet[number % len(fleet)].peer, request)

    async def _asked(self, peer: Any, request: Request) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        headers = {"content-type": request.content_type, "accept": "application/json"}
        line = "POST /invocations HTTP/1.1"
        try:
            await peer.ask(line, headers, request.body, timeout_seconds=ANSWER_TIMEOUT_SECONDS)
        except NoAnswerError:
            return
        self.metrics.record_reference(at=self.router.now(), seconds=loop.time() - began)


def old_fleet_is_slow(metrics: Metrics, alarms: Sequence[RollbackAlarm], *, until: float) -> bool:
    """Whether any of these latency alarms would have been red on the old fleet as well."""
    return any(
        State.ALARM in history(alarm.rule, _old_fleet_points(metrics, alarm, until))
        for alarm in alarms
        if alarm.metric == LATENCY
    )


def _old_fleet_points(metrics: Metrics, alarm: RollbackAlarm, until: float) -> Any:
    return timeline(
        metrics.old_fleet_latency(),
        statistic=alarm.rule.statistic,
        period_seconds=alarm.rule.period_seconds,
        start=0.0,
        end=until,
    )


def _late(pace: Pace) -> Iterator[str]:
    if pace.lag_p99_ms > LAG_LIMIT_MS or pace.lag_max_ms > LONGEST_LAG_MS:
        yield (
            f"requests left {pace.lag_p99_ms:.0f} ms late (p99), {pace.lag_max_ms:.0f} ms at most; "
            f"allowed: {LAG_LIMIT_MS:.0f} and {LONGEST_LAG_MS:.0f} ms"
        )


def _old_fleet(crowded: int, most: int, is_slow: bool) -> Iterator[str]:  # noqa: FBT001  # both are findings
    if crowded:
        yield f"the old fleet had {most} requests under way and could not take {crowded} more"
    if is_slow:
        yield "the latency alarm would have been red on the old fleet as well"
