"""One deployment under one fault, from the first process to the last: fleets, traffic, prober."""

import asyncio
import contextlib
import gc
import random
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mlops.rehearsal.canary.capacity import CALIBRATION_SECONDS, most_in_flight, time_scale
from mlops.rehearsal.canary.clock import Clock, SlowPart
from mlops.rehearsal.canary.deployment import AFTER_SECONDS, BEFORE_SECONDS, Deployment
from mlops.rehearsal.canary.endpoint import GuardedEndpoint
from mlops.rehearsal.canary.faults import Expectation, Fault
from mlops.rehearsal.canary.findings import Findings
from mlops.rehearsal.canary.fleet import AGAIN, Fleet, Release, StartError
from mlops.rehearsal.canary.machine import Machine, Reference
from mlops.rehearsal.canary.metrics import Board, Metrics
from mlops.rehearsal.canary.prober import SPREAD_SECONDS, DeployedProber, Prober
from mlops.rehearsal.canary.results import DeploymentResult
from mlops.rehearsal.canary.router import Colour, Router
from mlops.rehearsal.canary.traffic import Request, Surge, Traffic, throughput
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.serving_check import START_TIMEOUT_SECONDS
from mlops.rehearsal.local_aws.storage import LocalS3

FLEET_LIMIT: Final = 2
"""Servers per fleet at most: more would only share the same two cores."""
_START_FACTOR: Final = 8
_LEAST_START_SECONDS: Final = 10.0
_PROBE_ROOM: Final = 2.0
"""How much longer than measured a probe may take without the prober being late."""
_SURGE_SECONDS: Final = 240.0
_SETTLE_SECONDS: Final = 10.0
_MINUTE: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A registered version, ready to be served and to be judged."""

    release: Release


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that the deployments of one rehearsal have in common."""

    endpoint: GuardedEndpoint
    blue: Candidate
    green: Candidate
    requests: Sequence[Request]
    per_minute: float
    objective_seconds: float
    minimum_invocations: int
    python: Path
    storage: LocalS3
    folder: Path
    seed: int
    scale: float | None
    """Given by a person; None: as fast as the machine allows."""
    prober: DeployedProber | None = None
    """None where the templates have nothing that probes the endpoint."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What this machine shows of the old fleet and of the prober, before a deployment begins."""

    start_seconds: float
    capacity: float | None
    """Requests per second that are answered when it is kept busy; None: not asked."""
    probe_seconds: float
    """How long one probe takes; 0 where there is no prober."""


@dataclass(kw_only=True)
class Scene:
    """One deployment."""

    stage: Stage
    fault: Fault
    expectation: Expectation
    processes: Processes
    slowdown: float = 1.0
    metrics: Metrics = field(default_factory=Metrics)
    machine: Machine = field(default_factory=Machine)

    def __post_init__(self) -> None:
        self.clock = Clock(scale=1.0)
        self.router = Router(
            now=self.clock.now,
            draw=random.Random(self.stage.seed),  # noqa: S311  # no secret
            record=self.metrics.record,
            most_in_flight=most_in_flight(),
        )
        self.prober = self._prober()

    async def play(self) -> DeploymentResult:
        """Start both fleets, deploy under traffic, end everything."""
        began = time.perf_counter()
        asyncio.get_running_loop().set_exception_handler(self.machine.noted)
        blue, green = self._fleets()
        try:
            measured = await self._opened(blue, measures_capacity=self.stage.scale is None)
            failure = await _failure(green, measured.start_seconds)
            self.clock.scale = self._scale(measured, self._usual_per_minute)
            return await self._deploy(blue, green, failure, measured, began)
        finally:
            await self._close(blue, green)

    async def measured(self) -> Measured:
        """What this machine shows now; nothing is deployed."""
        blue, _ = self._fleets()
        try:
            return await self._opened(blue, measures_capacity=True)
        finally:
            await self._close(blue)

    def seconds(self, measured: Measured) -> float:
        """How long `play` takes on a machine that shows this."""
        usual = self._scale(measured, self._usual_per_minute)
        surging = self._scale(measured, self._peak_per_minute)
        surge = self._surge.ends - self._surge.begins
        deployment = (self._span - surge) / usual + surge / surging
        return 2 * measured.start_seconds + CALIBRATION_SECONDS + deployment

    async def _opened(self, blue: Fleet, *, measures_capacity: bool) -> Measured:
        """Let the old fleet serve and the prober wait, and measure both."""
        await self.router.open()
        start_seconds = await blue.start(timeout_seconds=START_TIMEOUT_SECONDS)
        capacity, probe_seconds = None, 0.0
        if self.prober is not None:
            self.prober.port = self.router.port
            await self.prober.open()
            probe_seconds = await self.prober.probe_seconds(self.stage.requests[0])
        if measures_capacity:
            capacity = await throughput(
                self.stage.requests, port=self.router.port, seconds=CALIBRATION_SECONDS
            )
        return Measured(start_seconds=start_seconds, capacity=capacity, probe_seconds=probe_seconds)

    async def _close(self, *fleets: Fleet) -> None:
        if self.prober is not None:
            await self.prober.close()
        await asyncio.gather(*(fleet.stop() for fleet in fleets))
        await self.router.close()
        for fleet in fleets:
            shutil.rmtree(fleet.folder / "container", ignore_errors=True)

    @property
    def _span(self) -> float:
        """Length of an undisturbed deployment, in deployment time."""
        return BEFORE_SECONDS + self.stage.endpoint.duration_seconds + AFTER_SECONDS

    async def _deploy(
        self, blue: Fleet, green: Fleet, failure: str | None, measured: Measured, began: float
    ) -> DeploymentResult:
        board = Board(alarms=self.stage.endpoint.alarms, metrics=self.metrics)
        deployment = Deployment(
            endpoint=self.stage.endpoint, clock=self.clock, router=self.router, board=board,
            blue=blue, green=green, start_failure=failure,
        )  # fmt: skip
        traffic, prober = self._traffic(), self.prober
        reference = Reference(
            router=self.router, metrics=self.metrics, requests=self.stage.requests
        )
        usual, surging = self.clock.scale, self._slow_part(measured)
        with _undisturbed():
            self.metrics.forget()
            self.clock.restart()
            if self.fault.red_alarm:
                board.redden(self.stage.endpoint.alarms[0].name, at=0.0)
            if prober is not None:
                prober.status = lambda: deployment.status
            async with _running(traffic, prober, reference, surging):
                await deployment.run()
            self.machine.given_up += await traffic.settled(timeout_seconds=_SETTLE_SECONDS)
            if prober is not None:
                await prober.settled(timeout_seconds=_SETTLE_SECONDS)
            ended = self.clock.now()
        return self._findings(deployment, traffic, ended).result(
            scale=usual,
            seconds=time.perf_counter() - began,
            capacity=measured.capacity,
            offered=max(self._usual_per_minute * usual, self._peak_per_minute * surging.scale)
            / _MINUTE,
        )

    def _findings(self, deployment: Deployment, traffic: Traffic, ended: float) -> Findings:
        prober = self.prober
        return Findings(
            fault=self.fault,
            expectation=self.expectation,
            endpoint=self.stage.endpoint,
            objective_seconds=self.stage.objective_seconds,
            minimum_invocations=self.stage.minimum_invocations,
            deployment=deployment,
            metrics=self.metrics,
            traffic=traffic,
            machine=self.machine,
            probes=prober.probes if prober else 0,
            unscored=prober.unscored if prober else 0,
            prober_failures=tuple(prober.failures) if prober else (),
            ended=ended,
        )

    def _fleets(self) -> tuple[Fleet, Fleet]:
        green = self._green_release()
        return (
            self._fleet("blue", self.stage.blue.release, self.fault.blue),
            self._fleet("green", green, self.fault.green),
        )

    def _green_release(self) -> Release:
        """The candidate; told apart by its name where it is the same version as the old fleet."""
        blue, green = self.stage.blue.release, self.stage.green.release
        if self.fault.candidate_is_blue:
            return blue
        if green.version == blue.version:
            return replace(green, version=f"{green.version}{AGAIN}")
        return green

    def _fleet(self, colour: Colour, release: Release, fault: Mapping[str, object] | None) -> Fleet:
        folder = self.stage.folder / self.fault.name / colour
        folder.mkdir(parents=True, exist_ok=True)
        return Fleet(
            colour=colour,
            release=release,
            size=min(self.stage.endpoint.instances, FLEET_LIMIT),
            folder=folder,
            python=self.stage.python,
            storage=self.stage.storage,
            processes=self.processes,
            router=self.router,
            fault=fault,
        )

    def _slow_part(self, measured: Measured) -> SlowPart:
        """The surge, at a pace at which the machine bears it; the rest need not wait for it."""
        return SlowPart(
            clock=self.clock,
            begins=self._surge.begins,
            ends=self._surge.ends,
            scale=self._scale(measured, self._peak_per_minute),
        )

    def _scale(self, measured: Measured, per_minute: float) -> float:
        if self.stage.scale is not None or measured.capacity is None:
            return self.stage.scale or 1.0
        fastest = time_scale(
            duration_seconds=self._span,
            per_minute=per_minute,
            capacity=measured.capacity,
        )
        asking = _PROBE_ROOM * self._probes_per_minute * measured.probe_seconds
        if asking:
            # The prober asks one after the other, and needs its time whatever the pace.
            fastest = min(fastest, SPREAD_SECONDS / asking)
        return max(1.0, fastest / self.slowdown)

    @property
    def _usual_per_minute(self) -> float:
        return self.stage.per_minute * self.fault.traffic_factor + self._probes_per_minute

    @property
    def _peak_per_minute(self) -> float:
        usual = self.stage.per_minute * self.fault.traffic_factor
        return usual * self.fault.surge_factor + self._probes_per_minute

    @property
    def _surge(self) -> Surge:
        begins = BEFORE_SECONDS + _MINUTE
        return Surge(begins=begins, ends=begins + _SURGE_SECONDS, factor=self.fault.surge_factor)

    @property
    def _probes_per_minute(self) -> float:
        return self.stage.endpoint.probes_per_minute if self.fault.traffic_factor else 0.0

    def _traffic(self) -> Traffic:
        return Traffic(
            requests=_with_malformed(self.stage.requests, self.fault.malformed_share),
            per_minute=self.stage.per_minute * self.fault.traffic_factor,
            surge=self._surge,
            seed=self.stage.seed,
            clock=self.clock,
            port=self.router.port,
            most_under_way=2 * self.router.most_in_flight + self.router.most_in_flight // 2,
        )

    def _prober(self) -> Prober | None:
        if self.stage.prober is None or not self._probes_per_minute:
            return None
        return Prober(
            deployed=self.stage.prober,
            candidate=self._green_release().number,
            clock=self.clock,
            port=self.router.port,
            metrics=self.metrics,
            processes=self.processes,
            folder=self.stage.folder / self.fault.name / "prober",
        )


def _with_malformed(requests: Sequence[Request], share: float) -> Sequence[Request]:
    """The requests, with so many among them that no version can read."""
    if not share:
        return requests
    cut = Request(content_type="application/json", body=b"{")
    return [*requests, *[cut] * max(1, round(len(requests) * share / (1 - share)))]


async def forecast_seconds(
    stage: Stage, pending: Sequence[tuple[Fault, Expectation]], processes: Processes
) -> float:
    """How long these deployments take if the machine stays as it is now."""
    scenes = [
        Scene(stage=stage, fault=fault, expectation=expectation, processes=processes)
        for fault, expectation in pending
    ]
    measured = await scenes[0].measured()
    return sum(scene.seconds(measured) for scene in scenes)


async def _failure(green: Fleet, usual_seconds: float) -> str | None:
    """Why the new fleet does not become healthy, or None.

    A start is not scaled: it takes here what it takes, so it is measured against the old fleet's.
    """
    limit = max(_LEAST_START_SECONDS, _START_FACTOR * usual_seconds)
    try:
        await green.start(timeout_seconds=limit)
    except StartError as error:
        return str(error)
    return None


@contextlib.asynccontextmanager
async def _running(*at_work: Traffic | Prober | Reference | SlowPart | None) -> AsyncIterator[None]:
    """Clients, prober and reference at work."""
    tasks = [asyncio.create_task(one.run()) for one in at_work if one is not None]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ending in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ending, Exception):
                raise ending


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection while requests are timed: its pauses would look like slow models."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
