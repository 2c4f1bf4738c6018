"""One model looked at from all sides: its versions, its records, its pins, and what follows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mlops.contract import Names, StageSpec
from mlops.registry import Lineage, ModelVersion, RegistryError, SageMakerClient, show
from mlops.release.automation.desired import Desired, ModelState, Step, desired
from mlops.release.automation.failures import Failure, reject_failed
from mlops.release.automation.message import Explained
from mlops.release.automation.testimony import Reader, Testimony
from mlops.release.errors import ReleaseError
from mlops.release.git.checkout import Commit
from mlops.release.pins.history import changes, telling
from mlops.release.pins.releases_file import ReleasesFile
from mlops.release.status.approval import content_of, own_approvals, registered_versions
from mlops.release.status.records import Records

_Versions = Mapping[int, ModelVersion]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What is to become of one model, and what people should hear."""

    decisions: tuple[Desired, ...] = ()
    moves: tuple[Explained, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    """Stages whose release records cannot be asked for; the problems say why."""


@dataclass(frozen=True, kw_only=True)
class _Standing:
    """What counts against versions, and what people should hear of it."""

    failures: tuple[Failure, ...]
    """Those that nobody has decided about since."""
    rejected: tuple[Failure, ...]
    """Those of the stage that trains, which the registry follows."""
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Assessor:
    """Looks at one model after the other."""

    file: ReleasesFile
    commits: Sequence[Commit]
    """Every commit of the delivered branch that changed the releases, oldest first."""
    client: SageMakerClient
    records: Records
    rejects: bool
    """Whether versions that failed where they are trained are rejected, or only told."""
    now: Callable[[], datetime] = _now

    def assess(self, model: str) -> Assessment:
        """Reject what failed where it is trained, and say which pins are to move.

        Where the registry does not answer, nothing of this model moves. Where a stage's records
        cannot be asked for, nothing moves in it and in the stages after it. A record that is not
        believed moves nothing, and stops nothing.
        """
        heard, unheard = self._heard(model)
        told = (*unheard.values(), *(one.problem for one in heard if one.problem))
        try:
            versions = registered_versions(self.client, self._names, model)
            standing = self._standing(model, heard, versions)
            own = own_approvals(self.client, versions, released=self._released(model))
        except (RegistryError, ReleaseError) as error:
            return Assessment(problems=(*told, f"{model}: {error}"), unheard=tuple(unheard))
        state = self._state(model, heard, versions, standing, unheard)
        decisions = desired(replace(state, own_approvals=own), self._stages)
        moves, unproved = self._explained(model, decisions, standing)
        notes = (*(one.note for one in heard if one.note), *standing.notes)
        return Assessment(
            decisions=tuple(decisions),
            moves=tuple(moves),
            notes=tuple(f"{model}: {note}" for note in notes),
            problems=(*told, *(one.problem for one in decisions if one.problem), *unproved),
            unheard=tuple(unheard),
        )

    @property
    def _names(self) -> Names:
        return self.file.platform.names

    @property
    def _stages(self) -> tuple[StageSpec, ...]:
        return self.file.platform.stages.stages

    def _released(self, model: str) -> set[int]:
        pins = (self.file.version(model=model, stage=stage) for stage in self.file.stages)
        return {version for version in pins if version is not None}

    def _heard(self, model: str) -> tuple[list[Testimony], dict[str, str]]:
        """What the stages say, and why some of them cannot be heard."""
        reader = Reader(file=self.file, commits=self.commits, model=model, now=self.now())
        found: list[Testimony] = []
        unheard: dict[str, str] = {}
        for stage in self._stages:
            try:
                found.append(reader.heard(stage, self.records.read(stage, model)))
            except ReleaseError as error:
                unheard[stage.name] = str(error)
        return found, unheard

    def _standing(self, model: str, heard: Sequence[Testimony], versions: _Versions) -> _Standing:
        """The failures that still count; those of the stage that trains reach the registry."""
        failures = [one for stage in heard for one in stage.failures if one.version in versions]
        forgiven = list(self._forgiven(model, failures))
        standing = [one for one in failures if one not in forgiven]
        rejected = tuple(self._rejectable(model, standing, versions))
        for failure in rejected if self.rejects else ():
            reject_failed(self.client, self._names, model, failure)
        last = [one.last_failure for one in heard if one.last_failure]
        notes = [
            *(_last_word(one) for one in forgiven if one in last),
            *(
                _consequence(one, versions, is_rejected=one in rejected)
                for one in standing
                if one in last
            ),
        ]
        told = tuple(note for note in dict.fromkeys(notes) if note)
        return _Standing(failures=tuple(standing), rejected=rejected, notes=told)

    def _forgiven(self, model: str, failures: Sequence[Failure]) -> Iterator[Failure]:
        """The failures of versions that somebody approved since."""
        group = self._names.model_package_group(model)
        packages: dict[int, Lineage] = {}
        for failure in failures:
            number = failure.version
            if number not in packages:
                packages[number] = show(self.client, group, number)
            if failure.is_forgiven(packages[number]):
                yield failure

    def _rejectable(
        self, model: str, failures: Sequence[Failure], versions: _Versions
    ) -> Iterator[Failure]:
        """Approved versions that failed where they are trained, and that no person pinned since."""
        training = self.file.platform.stages.training.name
        history = changes(telling(self.commits), model=model, stages=(training,))
        for failure in failures:
            is_approved = versions[failure.version].status == "Approved"
            if failure.stage == training and is_approved and not failure.is_overruled(history):
                yield failure

    def _state(
        self,
        model: str,
        heard: Sequence[Testimony],
        versions: _Versions,
        standing: _Standing,
        unheard: Mapping[str, str],
    ) -> ModelState:
        rejected = {failure.version: "Rejected" for failure in standing.rejected}
        stages = self.file.stages
        return ModelState(
            model=model,
            pins={stage: self.file.version(model=model, stage=stage) for stage in stages},
            statuses={number: version.status for number, version in versions.items()} | rejected,
            history=changes(telling(self.commits), model=model, stages=stages),
            failures=standing.failures,
            asked={one.stage: one.asked for one in heard},
            unheard=frozenset(unheard),
        )

    def _explained(
        self, model: str, decisions: Sequence[Desired], standing: _Standing
    ) -> tuple[list[Explained], list[str]]:
        """The steps with their evidence or the registry's reasons, and what the registry lacks."""
        reasons: dict[int, str | None] = {one.version: one.reason for one in standing.failures}
        steps = [decision.step for decision in decisions if decision.step]
        for step in steps:
            if step.decided not in reasons:
                reasons[step.decided] = self._reason(model, step.decided)
        explained, problems = [], []
        for step in steps:
            try:
                proved = self._proved(step)
            except RegistryError as error:
                problems.append(f"{step.move.subject}: {error}")
            else:
                explained.append(Explained(step=proved, reason=reasons[step.decided]))
        return explained, problems

    def _proved(self, step: Step) -> Step:
        """The step to a version together with what that consists of."""
        move = step.move
        if move.version is None:
            return step
        content = content_of(self.client, self._names, model=move.model, number=move.version)
        return replace(step, move=replace(move, content=content))

    def _reason(self, model: str, number: int) -> str | None:
        """The words of whoever decided; a move does not wait for them."""
        try:
            return show(self.client, self._names.model_package_group(model), number).reason
        except RegistryError:
            return None


def _last_word(failure: Failure) -> str:
    return f"{failure.version} was {failure} and is approved since: people have the last word"


def _consequence(failure: Failure, versions: _Versions, *, is_rejected: bool) -> str:
    """What follows from a failure that counts; nothing is to be told of a rejected version."""
    status = versions[failure.version].status
    if is_rejected:
        return f"rejected: {failure.reason}"
    if status == "Rejected":
        return ""
    if status != "Approved":
        return f"{failure.version} failed in {failure.stage} and is {status}: decide about it"
    return (
        f"held in {failure.stage} and in every stage after it until somebody approves it again "
        f"or rejects it: {failure.reason}"
    )
