"""What a stage's release records say about a model, as far as this reader believes them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops.contract import ContractError, StageSpec, load_model
from mlops.release.automation.failures import Failure
from mlops.release.errors import ReleaseError
from mlops.release.git.checkout import Commit
from mlops.release.pins.releases_file import ReleasesFile, releases_in
from mlops.release.status.records import Recorded
from mlops.rollout.record import ReleaseRecord
from mlops.rollout.record_checks import (
    CLOCK_SKEW,
    Known,
    Subject,
    contradictions,
    objection_to_blame,
)
from mlops.rollout.verdict import Outcome


@dataclass(frozen=True, kw_only=True)
class Testimony:
    """What one stage says about one model."""

    stage: str
    failures: tuple[Failure, ...] = ()
    """The last one of each version that failed there and did not succeed since."""
    asked: frozenset[int] = frozenset()
    """Versions that were deployed there, whatever came of it."""
    last_failure: Failure | None = None
    """The failure that its last record is about; None where that is about something else."""
    note: str = ""
    """What people should hear of the last deployment; empty where there is nothing."""
    problem: str | None = None
    """Why the last record is not believed; None where it is."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads records of one model beside what the delivered branch says."""

    file: ReleasesFile
    commits: Sequence[Commit]
    """Every commit of the delivered branch that changed the releases, oldest first."""
    model: str
    now: datetime

    def heard(self, stage: StageSpec, recorded: Recorded) -> Testimony:
        """What the records of a stage amount to; only the last one is worth a word to people.

        Raises:
            ReleaseError: a record blames a version, and the contract that it is judged by cannot
                be read.
        """
        subject, known = self._subject(stage), self._known(stage, recorded.records)
        believed = [
            one for one in recorded.records if not contradictions(one, subject, now=self.now)
        ]
        failures = tuple(_failures(believed, known))
        last = recorded.last
        trusted = last if last in believed else None
        return Testimony(
            stage=stage.name,
            failures=failures,
            asked=frozenset(record.version for record in believed),
            last_failure=next(
                (one for one in failures if trusted and one.deployment == trusted.deployment), None
            ),
            note=_note(trusted),
            problem=recorded.unread or self._problem(stage, last, known),
        )

    def _subject(self, stage: StageSpec) -> Subject:
        names = self.file.platform.names
        return Subject(
            endpoint=names.endpoint(stage, self.model),
            packages=names.model_packages_arn(self.model).removesuffix("*"),
            alarms=names.rollback_alarms(stage, self.model),
        )

    def _known(self, stage: StageSpec, records: Iterable[ReleaseRecord]) -> Known:
        # The contract matters for blame only, which is rare.
        blames = any(record.blames_the_model for record in records)
        return Known(
            minimum_invocations=self._minimum(stage) if blames else 1,
            was_pinned=self._was_pinned(stage),
        )

    def _minimum(self, stage: StageSpec) -> int:
        try:
            spec = load_model(self.file.platform.root, self.model)
        except ContractError as error:
            told = str(error).partition("\n")[0]
            raise ReleaseError(
                f"the records of {stage.name} blame a version of {self.model}, and its contract "
                f"cannot be read: {told}"
            ) from error
        return stage.canary.applied_to(spec.endpoint.canary).minimum_invocations

    def _was_pinned(self, stage: StageSpec) -> Callable[[int, datetime], bool]:
        def was_pinned(version: int, by: datetime) -> bool:
            # From the newest on, because reading a file takes long.
            return any(
                releases.version(model=self.model, stage=stage.name) == version
                for commit in reversed(self.commits)
                if commit.when - CLOCK_SKEW <= by
                if (releases := releases_in(commit.content or "")) is not None
            )

        return was_pinned

    def _problem(self, stage: StageSpec, last: ReleaseRecord | None, known: Known) -> str | None:
        """Why the last record is not believed."""
        if last is None:
            return None
        why = "; ".join(contradictions(last, self._subject(stage), now=self.now))
        if not why and last.blames_the_model:
            objection = objection_to_blame(last, known)
            why = (
                f"it blames version {last.version} without proof: {objection}" if objection else ""
            )
        if not why:
            return None
        place = self.file.platform.names.release_record(stage, self.model)
        return (
            f"{place}: is not believed: {why}; remedy: find out who wrote it; the next deployment "
            f"of {stage.name} writes it anew"
        )


def _failures(believed: Iterable[ReleaseRecord], known: Known) -> Iterator[Failure]:
    """The last failure of each version that did not succeed since."""
    proved: dict[str, Failure] = {}
    standing: dict[int, Failure] = {}
    for record in believed:
        if record.outcome == str(Outcome.HEALTHY):
            standing.pop(record.version, None)
        # The same deployment told again is no new evidence.
        elif record.deployment not in proved and _proves_a_failure(record, known):
            found = Failure.of(record)
            proved[record.deployment] = standing[record.version] = found
    yield from standing.values()


def _proves_a_failure(record: ReleaseRecord, known: Known) -> bool:
    return record.blames_the_model and objection_to_blame(record, known) is None


def _note(last: ReleaseRecord | None) -> str:
    """What the last deployment came to, where it proves nothing."""
    if last is None or last.outcome == str(Outcome.HEALTHY) or last.blames_the_model:
        return ""
    cause = f", and the cause is {last.cause}" if last.cause else ""
    return (
        f"{last.version} was {last.outcome} in {last.stage}{cause}; nothing follows by itself: "
        f"{'; '.join(last.reasons) or 'no reason was given'}"
    )
