"""Period after period: answer, capture, judge, wake, train, release."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from mlops.contract import ModelSpec, Names, StageSpec
from mlops.rehearsal.delivery.events import alarm_changed
from mlops.rehearsal.drift import faults
from mlops.rehearsal.drift.account import VARIANT, Judged, WatchedStage
from mlops.rehearsal.drift.alarms import DriftAlarms
from mlops.rehearsal.drift.captures import Exchange, capture_line, write_captures, write_truth
from mlops.rehearsal.drift.periods import Period
from mlops.rehearsal.drift.results import PeriodResult, Training
from mlops.rehearsal.drift.traffic import Endpoint
from mlops.rehearsal.drift.trainings import Trainings
from mlops.rehearsal.local_aws.storage import LocalS3

DRIFT: Final = "drift"
_FLAPS: Final = 10
_TWICE: Final = 2


@dataclass(kw_only=True)
class Replay:
    """A stage that serves a version, and what watches it.

    A fault is there in the first period; the others show what becomes of it.
    """

    spec: ModelSpec
    names: Names
    stage: StageSpec
    watched: WatchedStage
    alarms: DriftAlarms
    trainings: Trainings
    endpoint: Endpoint
    first: int
    fault: str
    pages: Path
    console: Console
    live: int = field(init=False)
    _faults: Iterator[str] = field(init=False)
    _was_red: bool = False
    _unlabelled: Sequence[Exchange] = ()

    def __post_init__(self) -> None:
        self.live = self.first
        self._faults = chain([self.fault], repeat(faults.NONE))

    def play(self, period: Period) -> PeriodResult:
        """One period, to its end and to whatever follows from it."""
        fault = next(self._faults)
        cases = faults.asked(fault, period.cases, self.spec)
        version = self.live
        answered = self.endpoint.answers(self.trainings.package(version), cases)
        frozen = answered
        if version != self.first:
            frozen = self.endpoint.answers(self.trainings.package(self.first), cases)
        self._capture(answered, period, fault)
        self._label(answered, period, is_late=fault == "late-labels")
        judged = self._judged(period, answered)
        red = [self._key(name) for name in self.alarms.red(judged.points)]
        times = _FLAPS * _TWICE if fault == "flapping-alarm" else 1
        answers = self._wake(judged, is_red=DRIFT in red, period=period, times=times)
        result = PeriodResult(
            name=period.name,
            requests=len(cases),
            version=version,
            error=self.endpoint.error(answered),
            frozen_error=self.endpoint.error(frozen),
            verdict=str(judged.report["verdict"]),
            reasons=tuple(_reasons(judged)),
            red=tuple(red),
            answers=tuple(_said(answer) for answer in answers),
            trainings=tuple(self._trained()),
            page=self._kept(judged, period),
            points=tuple(judged.points),
        )
        self._say(result)
        return result

    def _capture(self, answered: Sequence[Exchange], period: Period, fault: str) -> None:
        bucket = f"s3://{self.names.capture_bucket(self.stage)}"
        lines = faults.captured(fault, [capture_line(exchange) for exchange in answered])
        home = self.names.captures(self.stage, self.spec.name, VARIANT)
        times = [exchange.at for exchange in answered]
        write_captures(
            self._storage, f"{bucket}/{home}", zip(times, lines, strict=False), name=period.name
        )

    def _label(self, answered: Sequence[Exchange], period: Period, *, is_late: bool) -> None:
        """Labels of the period, or of the one before as well where those come late."""
        if self.spec.monitoring.labels is None:
            return
        known = [*self._unlabelled, *([] if is_late else answered)]
        self._unlabelled = answered if is_late else ()
        bucket = f"s3://{self.names.capture_bucket(self.stage)}"
        truth = self.names.ground_truth(self.stage, self.spec.name)
        write_truth(self._storage, f"{bucket}/{truth}", known, name=period.name)

    def _judged(self, period: Period, answered: Sequence[Exchange]) -> Judged:
        labels = self.spec.monitoring.labels
        self.watched.set_time(period.end + timedelta(days=labels.delay_days if labels else 0))
        self._publish(period.end)
        # A window may be shorter than a period; its last request lies in both.
        return self.watched.judge(
            period.end, version=self.live, requests=float(len(answered)), at=answered[-1].at
        )

    def _publish(self, end: date) -> None:
        """What a data team does each month: publish the rows that are labelled by now.

        The file holds later ones too; its metadata says until when it may be trained on.
        """
        version = self.spec.data.version
        key = self.names.data_key(self.spec.name, version, Path(self.spec.data.sample).name)
        metadata = {"sha256": version, "training-end": end.isoformat()}
        now = self.watched.services.state["now"]
        self.watched.change(published={key: {"at": now, "metadata": metadata}})

    def _wake(
        self, judged: Judged, *, is_red: bool, period: Period, times: int
    ) -> list[dict[str, Any]]:
        """What the functions answer to the job's events, and to the alarm's where it turned red."""
        answers = self.watched.deliver(judged.events)
        if is_red and (times > 1 or not self._was_red):
            event = self._alarm(period)
            for _ in range(times):
                answers += self.watched.send(event)
        self._was_red = is_red
        return answers

    def _alarm(self, period: Period) -> dict[str, Any]:
        name = self.names.drift_alarm(self.stage, self.spec.name)
        arn = f"arn:aws:cloudwatch:{self.stage.region}:{self.stage.account}:alarm:{name}"
        at = datetime(period.end.year, period.end.month, period.end.day, 6, 5, tzinfo=UTC)
        return alarm_changed(arn, state="ALARM", before="OK", at=at)

    def _trained(self) -> Iterator[Training]:
        services = self.watched.services
        rows = services.state["executions"]
        for row in rows:
            if row["status"] == "Executing":
                self.console.print(f"  {row['name']}: training begins", soft_wrap=True)
                training = self.trainings.answer(row, live=self.live)
                row["status"] = "Succeeded" if training.version else "Failed"
                if training.released and training.version:
                    self.live = training.version
                yield training
        self.watched.change(executions=rows)

    def _kept(self, judged: Judged, period: Period) -> str:
        name = f"{period.name}.html"
        self.pages.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(judged.folder / "report.html", self.pages / name)
        return name

    def _key(self, alarm: str) -> str:
        """The last part of an alarm's name."""
        plain = self.names.drift_alarm(self.stage, self.spec.name)
        return DRIFT if alarm == plain else alarm.removeprefix(f"{plain}-")

    def _say(self, result: PeriodResult) -> None:
        red = ", ".join(result.red) or "-"
        self.console.print(
            f"{result.name}: version {result.version}, error {result.error:.4g} "
            f"(never retrained {result.frozen_error:.4g}), {result.verdict}; red: {red}",
            soft_wrap=True,
        )
        for training in result.trainings:
            made = f"version {training.version}" if training.version else training.failure
            self.console.print(f"  {training.trigger}: {made}, {training.canary}", soft_wrap=True)

    @property
    def _storage(self) -> LocalS3:
        return self.endpoint.storage


def _reasons(judged: Judged) -> Iterator[str]:
    for check in judged.report["checks"]:
        if check["verdict"] != "quiet":
            yield from (f"{check['name']}: {reason}" for reason in check["reasons"])


def _said(answer: dict[str, Any]) -> str:
    return "; ".join(f"{key} {value}" for key, value in answer.items())
