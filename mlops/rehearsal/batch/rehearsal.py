"""A file goes through a stage's batch pipeline: its own functions, model and drift job."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from mlops.contract import ModelSpec, Platform, StageSpec, load_platform, read_examples
from mlops.registry import MissingGroupError, ModelVersion, list_versions, local_client
from mlops.rehearsal.approval import approved, unapproved
from mlops.rehearsal.batch import report
from mlops.rehearsal.batch.input_file import content_of, example_lines, held_out_lines
from mlops.rehearsal.batch.results import BatchRehearsal, Monitored
from mlops.rehearsal.batch.run import BatchStage, Scored
from mlops.rehearsal.chosen_stage import chosen_stage
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.interrupts import terminable
from mlops.rehearsal.local_aws.environment import ModelEnvironment
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.pipeline.live import shown
from mlops.rehearsal.workspace import FOLDER, Workspace, execution_id


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person chose on the command line."""

    stage: str | None = None
    """None: the last one, which people depend on most."""
    input: Path | None = None
    """None: rows that no training has seen."""


def rehearse_batch(
    root: Path,
    model: str,
    *,
    assembly: Path,
    wishes: Wishes,
    console: Console,
    python: Path | None = None,
) -> BatchRehearsal:
    """Run the synthesized batch pipeline of a stage over one file.

    A file that the model refuses ends in a rehearsal that failed, not in an exception.

    Raises:
        ContractError: the configuration is wrong.
        RehearsalError: there is nothing to score, or nothing to score it with.
        KeyboardInterrupt: it was stopped; no process is left.
    """
    platform = load_platform(root, model=model)
    setting = _Setting(
        root=root, platform=platform, spec=platform.model(model), assembly=assembly,
        wishes=wishes, python=python, id=execution_id(), processes=Processes(),
    )  # fmt: skip
    with terminable():
        try:
            rehearsal = setting.rehearsed(console)
        finally:
            setting.processes.stop()
            shutil.rmtree(setting.home, ignore_errors=True)
    report.write(rehearsal)
    report.print_summary(rehearsal, console)
    return rehearsal


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Everything that a run needs, found and put in place."""

    root: Path
    platform: Platform
    spec: ModelSpec
    assembly: Path
    wishes: Wishes
    python: Path | None
    id: str
    processes: Processes

    @property
    def home(self) -> Path:
        """Folder of this run's own captures, files and executions."""
        return self.root / FOLDER / "batches" / self.id

    def rehearsed(self, console: Console) -> BatchRehearsal:
        """The run, from an upload to the drift job's verdict."""
        began, clock = datetime.now(UTC), time.monotonic()
        stage, found = self._stage(), self._version()
        version = found.number
        if told := unapproved(found):
            console.print(told, markup=False, soft_wrap=True)
        name, content = self._input()
        with self._opened(stage, console) as batch:
            batch.upload(name, content)
            scored = batch.score(version=version)
            monitored = self._monitored(batch, scored, version)
        return BatchRehearsal(
            id=self.id,
            model=self.spec.name,
            stage=stage.name,
            version=version,
            source=name,
            began=f"{began:%Y-%m-%d %H:%M:%S} UTC",
            steps=scored.steps,
            files=scored.files,
            metrics=scored.metrics,
            failures=scored.failures,
            monitored=monitored,
            seconds=time.monotonic() - clock,
            report=self._shared.report(self.id),
        )

    @contextmanager
    def _opened(self, stage: StageSpec, console: Console) -> Iterator[BatchStage]:
        with shown(console) as progress:
            batch = BatchStage(
                stage=stage, spec=self.spec, names=self.platform.names, assembly=self.assembly,
                workspace=self._workspace(), progress=progress, processes=self.processes,
                python=self.python or self._environment.ensure(progress.note),
                home=self.home / "stage",
            )  # fmt: skip
            batch.open()
            yield batch

    def _monitored(self, batch: BatchStage, scored: Scored, version: int) -> Monitored | None:
        if self.spec.monitoring.engine == "none" or not scored.metrics.get("Rows"):
            return None
        judged = batch.judge_today(version=version)
        page = "drift.html"
        folder = self._shared.report(self.id)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(judged.folder / "report.html", folder / page)
        return Monitored(
            rows=int(judged.report["traffic"]["rows"]),
            verdict=str(judged.report["verdict"]),
            reasons=[
                f"{check['name']}: {reason}"
                for check in judged.report["checks"]
                if check["verdict"] != "quiet"
                for reason in check["reasons"]
            ],
            page=page,
        )

    def _stage(self) -> StageSpec:
        if self.spec.batch is None:
            raise RehearsalError(
                f"{self.spec.name} scores no batches; "
                f"remedy: write a block `batch` into model_code/{self.spec.folder}/model.yaml"
            )
        return chosen_stage(self.platform, self.spec.name, self.wishes.stage)

    def _version(self) -> ModelVersion:
        """The pinned version where it is here, else the newest that was approved."""
        group = self.platform.names.model_package_group(self.spec.name)
        training = self.platform.stages.training
        client = local_client(
            self._shared.registry, account=training.account, region=training.region
        )
        try:
            versions = {one.number: one for one in list_versions(client, group)}
        except MissingGroupError:
            versions = {}
        pinned = self.platform.releases.version(model=self.spec.name, stage=self._stage().name)
        if pinned in versions:
            return versions[pinned]
        released = approved(versions.values())
        if not released:
            raise RehearsalError(
                f"{group}: no version is approved here; "
                f"remedy: mlops rehearse pipeline {self.spec.name} --approve"
            )
        return versions[max(released)]

    def _input(self) -> tuple[str, bytes]:
        """A name for the uploaded file, and its content."""
        if self.wishes.input is not None:
            return f"{self.wishes.input.stem}.jsonl", content_of(self.wishes.input, self.spec)
        names, storage = self.platform.names, self._shared.storage
        bucket = names.artifact_bucket(self.platform.stages.training)
        prefix = f"s3://{bucket}/{names.artifacts_prefix(self.spec.name)}"
        held_out = held_out_lines(storage, prefix, self.spec)
        if held_out:
            return "held-out.jsonl", held_out.encode()
        examples = read_examples(self.root / "model_code" / self.spec.folder)
        return "examples.jsonl", example_lines(examples).encode()

    @property
    def _shared(self) -> Workspace:
        return Workspace.of(self.root)

    @property
    def _environment(self) -> ModelEnvironment:
        lock = self.root / "model_code" / self.spec.folder / "requirements.lock"
        return ModelEnvironment(lock=lock, home=self._shared.environments)

    def _workspace(self) -> Workspace:
        """Files of its own; versions, their artifacts and environments are everybody's."""
        shared, own = self.root / FOLDER, self.home / "aws"
        training = self.platform.names.artifact_bucket(self.platform.stages.training)
        models = f"s3/{training}/{self.platform.names.artifacts_prefix(self.spec.name)}"
        for name in ("envs", "registry", models):
            (shared / name).mkdir(parents=True, exist_ok=True)
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).symlink_to(shared / name)
        return Workspace(folder=own)
