"""What the commands ask for, as edits of the file with the reason in their names."""

from dataclasses import dataclass
from itertools import pairwise

from mlops.contract import ContentSpec
from mlops.contract.platform import RELEASES
from mlops.release.errors import ReleaseError
from mlops.release.git.checkout import Checkout
from mlops.release.pins.history import changes, previous_version
from mlops.release.pins.releases_file import ReleasesFile


@dataclass(frozen=True, kw_only=True)
class Move:
    """A pin on its way from one version to another; None stands for not released."""

    model: str
    stage: str
    before: int | None
    version: int | None
    content: ContentSpec | None = None
    """What the version consists of, as a registry records it; None where none was asked."""

    @property
    def subject(self) -> str:
        """The move in a line, as a commit's subject says it."""
        was = f" (was {self.before})" if self.before is not None else ""
        if self.version is None:
            return f"Release: {self.model} no more in {self.stage}{was}"
        return f"Release: {self.model} {self.version} in {self.stage}{was}"

    def applied_to(self, file: ReleasesFile) -> ReleasesFile:
        """The file after the move."""
        if self.version is None:
            return file.unpinned(model=self.model, stage=self.stage)
        return file.pinned(
            model=self.model, stage=self.stage, version=self.version, content=self.content
        )


def pin(file: ReleasesFile, *, model: str, stage: str, version: int | None) -> Move:
    """Set a stage's version, or take it away.

    Raises:
        ReleaseError: there is no such stage.
    """
    before = file.version(model=model, stage=stage)
    return Move(model=model, stage=stage, before=before, version=version)


def promote(file: ReleasesFile, *, model: str, source: str | None, target: str | None) -> Move:
    """Take the version of one stage to the next; either of the two names the other.

    Raises:
        ReleaseError: the stages are not neighbours in this order, or the source has no release.
    """
    for stage in (source, target):
        if stage is not None:
            file.require_stage(stage)
    source, target = _neighbours(file.stages, source, target)
    version = file.version(model=model, stage=source)
    if version is None:
        raise ReleaseError(
            f"{RELEASES}: {model} has no release in {source} to promote; remedy: pin one there "
            f"first with `mlops release pin {model} {source} <version>`"
        )
    return pin(file, model=model, stage=target, version=version)


def rollback(file: ReleasesFile, checkout: Checkout, *, model: str, stage: str) -> Move:
    """Go back to the version before the pinned one, as the history of the branch has it.

    Raises:
        ReleaseError: nothing is pinned, or nothing was before it.
    """
    current = file.version(model=model, stage=stage)
    if current is None:
        raise ReleaseError(
            f"{RELEASES}: {model} has no release in {stage} to go back from; remedy: pin a version "
            f"with `mlops release pin {model} {stage} <version>`"
        )
    found = changes(checkout.commits(), model=model, stages=file.stages)
    version = previous_version(found, stage=stage, current=current)
    if version is None:
        raise ReleaseError(_no_way_back(checkout, model, stage, current))
    return pin(file, model=model, stage=stage, version=version)


def _no_way_back(checkout: Checkout, model: str, stage: str, current: int) -> str:
    remedy = f"pin a version with `mlops release pin {model} {stage} <version>`"
    if checkout.is_shallow():
        remedy = "fetch the whole history with `git fetch --unshallow`"
    return (
        f"{RELEASES}: the history of {model} in {stage} has nothing to go back to from {current}; "
        f"a version that a rollback left does not count; remedy: {remedy}"
    )


def _neighbours(stages: tuple[str, ...], source: str | None, target: str | None) -> tuple[str, str]:
    pairs = list(pairwise(stages))
    for pair in pairs:
        if source in (pair[0], None) and target in (pair[1], None) and (source or target):
            return pair
    allowed = ", ".join(f"{first} to {second}" for first, second in pairs)
    raise ReleaseError(
        f"a promotion goes from one stage to the next; got {source or 'the stage before'} to "
        f"{target or 'the stage after'}; allowed: {allowed or 'nothing, there is one stage'}; "
        "remedy: promote step by step, or pin the version"
    )
