"""What came of a deployment: how it ended, by the release check's own code, and whom it harmed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mlops.rehearsal.canary.curves import Curves
from mlops.rehearsal.canary.deployment import BEFORE_SECONDS, Deployment
from mlops.rehearsal.canary.endpoint import GuardedEndpoint
from mlops.rehearsal.canary.faults import Expectation, Fault
from mlops.rehearsal.canary.fleet import Fleet
from mlops.rehearsal.canary.machine import Machine, old_fleet_is_slow
from mlops.rehearsal.canary.metrics import Change, Metrics
from mlops.rehearsal.canary.results import DeploymentResult, Harm, Pace, minutes, nearest_rank
from mlops.rehearsal.canary.router import CUSTOM_ATTRIBUTES
from mlops.rehearsal.canary.traffic import Entry, Traffic
from mlops.rollout import Evidence, Outcome, State, Verdict, judge
from mlops.rollout.published import is_own

_OK: Final = range(200, 300)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Everything that one deployment left behind."""

    fault: Fault
    expectation: Expectation
    endpoint: GuardedEndpoint
    objective_seconds: float
    minimum_invocations: int
    deployment: Deployment
    metrics: Metrics
    traffic: Traffic
    machine: Machine
    probes: int
    unscored: int
    """Probes whose answer named its version nowhere where InvokeEndpoint hands it on."""
    prober_failures: Sequence[str]
    ended: float

    def result(
        self, *, scale: float, seconds: float, capacity: float | None, offered: float
    ) -> DeploymentResult:
        """The deployment as it is told."""
        deployment, verdict = self.deployment, self._verdict()
        pace = self._pace(scale=scale, seconds=seconds, capacity=capacity, offered=offered)
        return DeploymentResult(
            fault=self.fault.name,
            story=self.fault.story,
            expected=self.expectation.for_template(has_backstop=self.endpoint.backstop),
            why=self.expectation.why,
            observed=_ending(deployment, verdict, pace),
            reasons=verdict.reasons,
            blue=deployment.blue.release.version,
            green=deployment.green.release.version,
            alarms=tuple(dict.fromkeys(change.alarm for change in self._reddened)),
            expected_alarms=self.expectation.alarms,
            detect_seconds=self._detection(),
            canary_invocations=self._canary_invocations(),
            harm=self._harm(),
            pace=pace,
            drained=deployment.drained,
            restarts=deployment.green.restarts,
            probes=self.probes,
            notes=self._notes(),
            events=tuple(deployment.events),
            shares=tuple(deployment.shares),
            minutes=minutes(self.metrics.invocations),
            changes=tuple(deployment.board.changes),
            curves=tuple(self._curves.all()),
            ended=self.ended,
        )

    @property
    def ledger(self) -> Sequence[Entry]:
        """What the clients' requests came to."""
        return self.traffic.ledger

    def _pace(
        self, *, scale: float, seconds: float, capacity: float | None, offered: float
    ) -> Pace:
        lags = sorted(1000 * entry.lag_seconds for entry in self.ledger)
        pace = Pace(
            scale=scale,
            seconds=seconds,
            capacity=capacity,
            offered=offered,
            lag_p99_ms=nearest_rank(lags, 0.99),
            lag_max_ms=lags[-1] if lags else 0.0,
        )
        fired = {change.alarm for change in self._reddened}
        exhaustion = self.machine.exhaustion(
            pace=pace,
            router=self.deployment.router,
            withheld=self.traffic.withheld,
            # Where no latency alarm decided, the machine's latency decided nothing either.
            old_fleet_is_slow=old_fleet_is_slow(
                self.metrics,
                [alarm for alarm in self.endpoint.alarms if alarm.name in fired],
                until=self.ended,
            ),
        )
        return replace(pace, exhaustion=exhaustion)

    @property
    def _curves(self) -> Curves:
        blue, green = self.deployment.blue.release, self.deployment.green.release
        return Curves(
            metrics=self.metrics,
            endpoint=self.endpoint.name,
            versions={"old-fleet": blue.version, "new-fleet": green.version},
            ended=self.ended,
        )

    @property
    def _reddened(self) -> list[Change]:
        changes = self.deployment.board.changes
        return [change for change in changes if change.state is State.ALARM]

    def _detection(self) -> float | None:
        shift = self.deployment.first_shift or 0.0
        return max(0.0, self._reddened[0].at - shift) if self._reddened else None

    def _canary_invocations(self) -> int:
        begin, end = self.deployment.canary_window
        return sum(
            one.fleet == "green" and begin <= one.at <= end for one in self.metrics.invocations
        )

    def _verdict(self) -> Verdict:
        """What the release check would say now; it is the same code."""
        deployment = self.deployment
        return judge(
            Evidence(
                requested_release=_named(deployment.green),
                live_release=_named(deployment.green if deployment.promoted else deployment.blue),
                endpoint_status="InService",
                alarm_states=deployment.board.states,
                canary_invocations=self._canary_invocations(),
                minimum_invocations=self.minimum_invocations,
            )
        )

    def _harm(self) -> Harm:
        lost = [entry for entry in self.ledger if entry.lost]
        at_canary = sum(entry.fleet == "green" for entry in lost)
        return Harm(
            requests=len(self.ledger),
            harmed=sum(self._is_bad(entry) or self._is_late(entry) for entry in self.ledger),
            late=sum(self._is_late(entry) and not self._is_bad(entry) for entry in self.ledger),
            lost=len(lost) - at_canary,
            lost_at_canary=at_canary,
        )

    @staticmethod
    def _is_bad(entry: Entry) -> bool:
        return entry.status not in _OK or entry.wrong

    def _is_late(self, entry: Entry) -> bool:
        return entry.seconds > self.objective_seconds

    def _notes(self) -> tuple[str, ...]:
        own = [alarm for alarm in self.endpoint.alarms if is_own(alarm.namespace)]
        silent = [
            f"the alarm {alarm.name} watches a metric of the model's own; nothing publishes it here"
            for alarm in own
        ]
        failed = [
            f"the prober failed {count} times: {text}"
            for text, count in Counter(self.prober_failures).items()
        ]
        return (*silent, *self._nobody_calls(), *self._hidden_version(), *failed)

    def _nobody_calls(self) -> Iterator[str]:
        if self.fault.needs_callers and not self.traffic.per_minute:
            yield "nobody calls this stage, so what callers do wrong cannot show here"

    def _hidden_version(self) -> tuple[str, ...]:
        if not self.unscored:
            return ()
        note = (
            f"{self.unscored} answers name no version where InvokeEndpoint hands it on, so that "
            "the prober could not score them; remedy: answer with the header "
            f"{CUSTOM_ATTRIBUTES}: model-version=<version>"
        )
        return (note,)


def unfinished(
    fault: Fault, expectation: Expectation, endpoint: GuardedEndpoint, *, pace: Pace
) -> DeploymentResult:
    """A deployment that this machine did not let come to an end: it shows nothing else."""
    return DeploymentResult(
        fault=fault.name,
        story=fault.story,
        expected=expectation.for_template(has_backstop=endpoint.backstop),
        why=expectation.why,
        observed="invalid",
        reasons=(),
        blue="",
        green="",
        alarms=(),
        expected_alarms=expectation.alarms,
        detect_seconds=None,
        canary_invocations=0,
        harm=Harm(requests=0, harmed=0, lost=0, lost_at_canary=0),
        pace=pace,
        drained=True,
        restarts=0,
        probes=0,
        notes=(),
        events=(),
        shares=((0.0, 0.0),),
        minutes=(),
        changes=(),
        ended=float(BEFORE_SECONDS),
    )


def _named(fleet: Fleet) -> str:
    """A release as the verdict's sentences call it; both fleets may run one version."""
    return f"{fleet.release.version} ({fleet.colour})"


def _ending(deployment: Deployment, verdict: Verdict, pace: Pace) -> str:
    if pace.exhaustion:
        return "invalid"
    if deployment.start_failure is not None:
        return "failed to start"
    if not deployment.promoted:
        return "rolled back"
    return {
        Outcome.HEALTHY: "promoted",
        Outcome.INCONCLUSIVE: "inconclusive",
        Outcome.UNHEALTHY: "failed the release check",
    }[verdict.outcome]
