"""One model looked at from all sides: its versions, its records, its pins, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlops.contract import Names, StageSpec
from mlops.registry import ModelVersion, RegistryError, SageMakerClient, show
from mlops.release.approval import content_of, registered_versions
from mlops.release.checkout import Commit
from mlops.release.condemned import Finding, condemn, findings
from mlops.release.desired import Desired, ModelState, Step, desired
from mlops.release.errors import ReleaseError
from mlops.release.history import changes
from mlops.release.message import Explained
from mlops.release.records import Records
from mlops.release.releases_file import ReleasesFile
from mlops.rollout.record import ReleaseRecord

_Versions = Mapping[int, ModelVersion]


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What is to become of one model, and what people should hear."""

    decisions: tuple[Desired, ...] = ()
    moves: tuple[Explained, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Assessor:
    """Looks at one model after the other."""

    file: ReleasesFile
    commits: Sequence[Commit]
    client: SageMakerClient
    records: Records
    condemns: bool
    """Whether failed versions are rejected, or only told."""

    def assess(self, model: str) -> Assessment:
        """Reject what failed, and say which pins are to move.

        Where the registry does not answer, nothing of this model moves. A record that cannot be
        read rejects nothing, and stops nothing.
        """
        records, unread = self._read(model)
        try:
            versions = registered_versions(self.client, self._names, model)
            found = self._condemned(model, records, versions)
        except (RegistryError, ReleaseError) as error:
            return Assessment(problems=(*unread, f"{model}: {error}"))
        state = self._state(model, records, versions, found)
        decisions = desired(state, self._stages)
        moves, unproved = self._explained(model, decisions, found)
        return Assessment(
            decisions=tuple(decisions),
            moves=tuple(moves),
            notes=tuple(f"{model}: {finding.says}" for finding in found if finding.says),
            problems=(*unread, *(one.problem for one in decisions if one.problem), *unproved),
        )

    @property
    def _names(self) -> Names:
        return self.file.platform.names

    @property
    def _stages(self) -> tuple[StageSpec, ...]:
        return self.file.platform.stages.stages

    def _read(self, model: str) -> tuple[list[ReleaseRecord], list[str]]:
        """The records of all stages, and what stood in the way of the others."""
        found: list[ReleaseRecord] = []
        problems: list[str] = []
        for stage in self._stages:
            try:
                record = self.records.read(stage, model)
            except ReleaseError as error:
                problems.append(str(error))
                continue
            if record is not None:
                found.append(record)
        return found, problems

    def _condemned(
        self, model: str, records: Sequence[ReleaseRecord], versions: _Versions
    ) -> list[Finding]:
        found = findings(records, versions, client=self.client, names=self._names, model=model)
        for finding in found if self.condemns else ():
            condemn(self.client, self._names, model, finding)
        return found

    def _state(
        self,
        model: str,
        records: Sequence[ReleaseRecord],
        versions: _Versions,
        found: Sequence[Finding],
    ) -> ModelState:
        rejected = {finding.version: "Rejected" for finding in found if finding.reason}
        stages = self.file.stages
        return ModelState(
            model=model,
            pins={stage: self.file.version(model=model, stage=stage) for stage in stages},
            statuses={number: version.status for number, version in versions.items()} | rejected,
            history=changes(self.commits, model=model, stages=stages),
            blamed=frozenset(record.version for record in records if record.blames_the_model),
        )

    def _explained(
        self, model: str, decisions: Sequence[Desired], found: Sequence[Finding]
    ) -> tuple[list[Explained], list[str]]:
        """The steps with what the registry keeps of their versions, and what it lacks."""
        reasons: dict[int, str | None] = {one.version: one.reason for one in found if one.reason}
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
