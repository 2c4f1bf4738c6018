"""The whole delivery here: approval, commit, pipeline, canaries, and a bad version's way back."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from mlops.contract import Platform, StageSpec
from mlops.registry import approve, list_versions
from mlops.rehearsal.canary.rehearsal import minutes
from mlops.rehearsal.delivery import events, report
from mlops.rehearsal.delivery.automation import Automation
from mlops.rehearsal.delivery.pipeline import NONE, Broken, DeliveryPipeline
from mlops.rehearsal.delivery.results import Chapter, DeliveryRehearsal, PipelineRun, Waking
from mlops.rehearsal.delivery.versions import ensure_groups, newest_approved, registered_again
from mlops.rehearsal.delivery.world import Checkout, World, describe_left_out, utc_now
from mlops.rehearsal.interrupts import terminable
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.workspace import FOLDER, Workspace, execution_id
from mlops.release import ReleasesFile

EXPECTATIONS: Final = Path(__file__).with_name("expectations.json")
ENDINGS: Final = ("delivered", "rolled-back", "reported")
"""A version arrives; its stage's evidence moves pins back; or people are notified, and decide."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person chose on the command line."""

    fault: str = "5xx"
    seed: int = 0
    scale: float | None = None
    frozen: bool = False
    """Refuse where the checkout differs from its commit."""


def expected_endings() -> dict[str, str]:
    """What must come of a version with each fault; committed, and read before anything runs."""
    content = json.loads(EXPECTATIONS.read_text("utf-8"))
    return {name: str(entry["ending"]) for name, entry in content.items()}


def rehearse_delivery(
    root: Path, model: str, *, wishes: Wishes, console: Console, python: Path | None = None
) -> DeliveryRehearsal:
    """Deliver a good version to every stage, then one with a fault that shows after the first.

    Raises:
        ContractError: the committed configuration is wrong.
        RehearsalError: there is nothing to rehearse, or a part of the delivery does not work.
        KeyboardInterrupt: it was stopped; no process is left.
    """
    began, clock, id_ = utc_now(), time.monotonic(), execution_id()
    folder = root / FOLDER / "deliveries" / id_
    processes = Processes()
    with terminable():
        try:
            world = World.made(root, folder, model=model)
            describe_left_out(
                world, frozen=wishes.frozen, say=lambda text: console.print(text, soft_wrap=True)
            )
            pages = Workspace.of(root).report(id_)
            pipeline = DeliveryPipeline(
                world=world, pages=pages, processes=processes, console=console,
                seed=wishes.seed, scale=wishes.scale, python=python,
            )  # fmt: skip
            story = _Story(world=world, pipeline=pipeline, fault=wishes.fault, console=console)
            story.tell()
            rehearsal = story.rehearsal(id_=id_, began=began, seconds=time.monotonic() - clock)
        finally:
            processes.stop()
            for bulk in ("checkouts", "assemblies"):
                shutil.rmtree(folder / bulk, ignore_errors=True)
    report.write(rehearsal)
    report.print_summary(rehearsal, console)
    return rehearsal


@dataclass(kw_only=True)
class _Story:
    """Two versions on their way, one after the other."""

    world: World
    pipeline: DeliveryPipeline
    fault: str
    console: Console
    base: int = 0
    good: int = 0
    bad: int = 0
    chapters: list[Chapter] = field(default_factory=list)

    def tell(self) -> None:
        """Play everything, in order."""
        checkout = self._begin()
        self.good = self._registered(checkout)
        self._play(
            f"Version {self.good} is approved",
            "The approval reaches the automation twice, as EventBridge may deliver it. One commit "
            "follows, and the pipeline takes it through every stage.",
            self._approval(self.good, lost=False),
        )
        self.bad = self._registered(checkout)
        self.pipeline.broken = self._broken(checkout.platform)
        self._play(
            f"Version {self.bad} is approved, and has a fault",
            "The event of this approval is lost; the sweep finds the decision in the registry. "
            "The fault shows from the second stage on, where the traffic meets it.",
            self._approval(self.bad, lost=True),
        )
        if self.pipeline.sent:
            self._play(
                "The way back",
                "The stage's evidence triggers the automation, twice. What it does follows from "
                "the stage's record, not from the event: it moves this stage's pin back and holds "
                "the version in the stages after it. The registry is left to people.",
                self._evidence(),
            )

    def rehearsal(self, *, id_: str, began: str, seconds: float) -> DeliveryRehearsal:
        """The story with its end."""
        checkout = self.world.checkout()
        platform, client = checkout.platform, self.world.client(checkout.platform)
        packages = {
            number: client.describe_model_package(
                ModelPackageName=platform.names.model_package_arn(self.world.model, number)
            )
            for number in (self.base, self.good, self.bad)
        }
        log = self.world.git(
            "log", "--reverse", "--format=%h %s", f"{self._first}..", folder=checkout.root
        )
        return DeliveryRehearsal(
            id=id_,
            model=self.world.model,
            began=began,
            fault=self.fault,
            base=self.base,
            good=self.good,
            bad=self.bad,
            chapters=tuple(self.chapters),
            pins=_pins(platform, self.world.model),
            live=dict(self.pipeline.live),
            statuses={n: str(p["ModelApprovalStatus"]) for n, p in packages.items()},
            reasons={n: str(p.get("ApprovalDescription", "")) for n, p in packages.items()},
            log=tuple(log.splitlines()),
            objections=tuple(self._objections(platform, packages)),
            seconds=seconds,
            report=self.pipeline.pages,
        )

    def _begin(self) -> Checkout:
        """Every stage runs the newest approved version, because a person committed that."""
        self._first = self.world.tip
        checkout = self.world.checkout()
        platform = checkout.platform
        group = platform.names.model_package_group(self.world.model)
        client = self.world.client(platform)
        ensure_groups(client, map(platform.names.model_package_group, platform.model_names))
        self.base = newest_approved(client, group, model=self.world.model)
        self._pin_everywhere(checkout)
        checkout = self.world.checkout()
        self._say(f"every stage runs version {self.base} of {self.world.model}")
        clock = time.monotonic()
        assembly = self._synthesized(checkout)
        synthesis = time.monotonic() - clock
        self.pipeline.begin(checkout, assembly, version=self.base)
        self._say_how_long(checkout, assembly, synthesis=synthesis)
        return checkout

    def _say_how_long(self, checkout: Checkout, assembly: Assembly, *, synthesis: float) -> None:
        names = [stage.name for stage in checkout.platform.stages.stages]
        ending = expected_endings()[self.fault]
        count, commits = deployments(len(names), ending), 3 if ending == "rolled-back" else 2
        seconds = count * self.pipeline.forecast(checkout, assembly) + commits * synthesis
        self._say(
            f"{count} deployments in {len(names)} stages and {commits} commits take about "
            f"{minutes(seconds)} if this machine stays as it is now"
        )

    def _synthesized(self, checkout: Checkout) -> Assembly:
        if not self.world.is_synthesized(checkout):
            self._say(f"  commit {checkout.commit[:10]} is synthesized")
        return self.world.synthesized(checkout)

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)

    def _pin_everywhere(self, checkout: Checkout) -> None:
        file = before = ReleasesFile.read(checkout.root, model=self.world.model)
        for stage in file.stages:
            file = file.pinned(model=self.world.model, stage=stage, version=self.base)
        for model, stage in self._unknown_pins(checkout.platform):
            file = file.unpinned(model=model, stage=stage)
        if file.text == before.text:
            return
        file.write(before=before)
        message = f"Release: {self.world.model} {self.base} in every stage"
        self.world.git("commit", "--quiet", "--all", "--message", message, folder=checkout.root)
        self.world.git("push", "--quiet", "origin", "HEAD", folder=checkout.root)

    def _unknown_pins(self, platform: Platform) -> Iterator[tuple[str, str]]:
        """Releases of other models whose versions were never made here: they are not rehearsed."""
        client = self.world.client(platform)
        for model in platform.model_names:
            group = platform.names.model_package_group(model)
            known = {version.number for version in list_versions(client, group)}
            for stage, pinned in _pins(platform, model).items():
                if pinned is not None and pinned not in known and model != self.world.model:
                    yield model, stage

    def _registered(self, checkout: Checkout) -> int:
        arn = checkout.platform.names.model_package_arn(self.world.model, self.base)
        client = self.world.client(checkout.platform)
        return registered_again(client, client.describe_model_package(ModelPackageName=arn))

    def _broken(self, platform: Platform) -> Broken | None:
        if self.fault == NONE:
            return None
        names = [stage.name for stage in platform.stages.stages]
        return Broken(version=self.bad, fault=self.fault, stages=frozenset(names[1:] or names))

    def _approval(self, number: int, *, lost: bool) -> list[Waking]:
        checkout, automation = self._automation()
        platform = checkout.platform
        client = self.world.client(platform)
        group = platform.names.model_package_group(self.world.model)
        version = approve(client, group, number, reason="read the model card")
        if lost:
            return [automation.swept()]
        package = client.describe_model_package(ModelPackageName=version.arn)
        return automation.approved(events.package_changed(package), times=2)

    def _evidence(self) -> list[Waking]:
        _, automation = self._automation()
        sent, self.pipeline.sent = self.pipeline.sent, []
        return [
            waking
            for bus, event in sent
            for waking in automation.reported(event, bus_arn=bus, times=2)
        ]

    def _automation(self) -> tuple[Checkout, Automation]:
        checkout = self.world.checkout()
        assembly = self._synthesized(checkout)
        return checkout, Automation(world=self.world, assembly=assembly)

    def _play(self, title: str, story: str, wakings: list[Waking]) -> None:
        """A chapter: what the automation did, and what the pipeline made of its commits."""
        self.console.print(f"[bold]{title}[/]")
        acts: list[Waking | PipelineRun] = []
        for waking in wakings:
            acts.append(waking)
            what = waking.message.partition("\n")[0] or "nothing to do"
            self._say(f"  {waking.cause}: {what}")
        if any(waking.commit for waking in wakings):
            checkout = self.world.checkout()
            acts.append(self.pipeline.run(checkout, self._synthesized(checkout)))
        self.chapters.append(Chapter(title=title, story=story, acts=tuple(acts)))

    def _objections(self, platform: Platform, packages: dict[int, dict[str, Any]]) -> Iterator[str]:
        ending = expected_endings()[self.fault]
        first, *_, last = [stage.name for stage in platform.stages.stages]
        pinned, wanted = _pins(platform, self.world.model), self._wanted(platform, ending)
        status = packages[self.bad]["ModelApprovalStatus"]
        if pinned != wanted:
            yield f"the repository pins {_told(pinned)} instead of {_told(wanted)}"
        if (status == "Rejected") is not self._is_rejected(platform, ending):
            yield f"version {self.bad} is {status}"
        if ending != "delivered" and self.bad in self._versions_seen_in(last, first):
            yield f"version {self.bad} reached {last}"
        if ending == "delivered" and set(self.pipeline.live.values()) != {self.bad}:
            yield f"version {self.bad} does not run everywhere: {self.pipeline.live}"
        if self.good not in self._versions_seen_in(last, first):
            yield f"version {self.good} never reached {last}"
        if self._doubled():
            yield "an event that was delivered twice made two commits"

    def _wanted(self, platform: Platform, ending: str) -> dict[str, int]:
        """Where the pins have to end: a stage moves its own, and holds the stages after it."""
        names = [stage.name for stage in platform.stages.stages]
        if ending != "rolled-back":
            return dict.fromkeys(names, self.bad)
        failed_in = names.index(self._fails_in(platform).name)
        passed = [] if self._fails_in(platform).trains else names[:failed_in]
        return dict.fromkeys(names, self.good) | dict.fromkeys(passed, self.bad)

    def _is_rejected(self, platform: Platform, ending: str) -> bool:
        """Whether the registry follows the failure: only that of the stage that trains."""
        return ending == "rolled-back" and self._fails_in(platform).trains

    def _fails_in(self, platform: Platform) -> StageSpec:
        """The first stage in which the fault shows."""
        broken = self._broken(platform)
        return next(
            stage for stage in platform.stages.stages if broken and stage.name in broken.stages
        )

    def _versions_seen_in(self, stage: str, first: str) -> set[int]:
        """Versions that were deployed in a stage, whatever came of it."""
        return {
            run.version
            for chapter in self.chapters
            for act in chapter.acts
            if isinstance(act, PipelineRun)
            for run in act.stages
            if run.stage == stage and run.deployment is not None and stage != first
        }

    def _doubled(self) -> bool:
        return any(
            sum(isinstance(act, Waking) and act.commit is not None for act in chapter.acts) > 1
            for chapter in self.chapters
        )


def deployments(stages: int, ending: str) -> int:
    """How many deployments a delivery takes: of the good version, the bad one, and the way back."""
    if ending == "delivered":
        return 2 * stages
    # A fault shows from the second stage on, where there is one, and that stage goes back.
    tried = min(2, stages)
    return stages + tried + (tried - 1 if ending == "rolled-back" else 0)


def _told(pins: Mapping[str, int | None]) -> str:
    return ", ".join(f"{version} in {stage}" for stage, version in pins.items())


def _pins(platform: Platform, model: str) -> dict[str, int | None]:
    return {
        stage.name: platform.releases.version(model=model, stage=stage.name)
        for stage in platform.stages.stages
    }
