"""What was approved is pinned, what failed is rejected and left: one run of the release automation.

A run reads state only, so it does not matter what woke it, how often, or where the last one ended.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from mlops.contract import ContractError
from mlops.release.automation.assessment import Assessor
from mlops.release.automation.desired import Desired
from mlops.release.automation.message import Explained, message_of
from mlops.release.automation.pull_request import branch_of, propose
from mlops.release.errors import ReleaseError, TransientError
from mlops.release.git.git import Git
from mlops.release.git.remote import Clone, Remote, cloned
from mlops.release.pins.committing import commit_release
from mlops.release.pins.releases_file import ReleasesFile
from mlops.release.status.sources import Sources

ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run saw and did."""

    decisions: tuple[Desired, ...]
    notes: tuple[str, ...]
    """What people should hear about single versions."""
    diff: str
    """The change of the releases, and of each branch that waits for a review."""
    done: tuple[str, ...]
    """What was pushed; of a dry run, what would have been."""
    problems: tuple[str, ...]
    """What was not done and why; empty where all is well."""


@dataclass(frozen=True, kw_only=True)
class Automation:
    """Everything that one run needs."""

    remote: Remote
    git: Git
    sources: Sources
    is_dry_run: bool = False
    """Whether nothing is rejected and nothing is pushed."""
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> Report:
        """Look, decide and push; where somebody else pushed meanwhile, all of it again.

        What went wrong stands in the report, beside what went well.

        Raises:
            ContractError: the configuration on the branch is wrong.
            ReleaseError: there is no git.
        """
        with cloned(self.remote, self.git) as clone:
            run = _Run(automation=self, clone=clone)
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    run.attempt()
                except TransientError as error:
                    if attempt == ATTEMPTS:
                        run.problems.append(f"{error}; given up after {ATTEMPTS} attempts")
                        break
                    self.sleep(_pause(attempt))
                except ReleaseError as error:
                    run.problems.append(str(error))
                    break
                else:
                    break
            return run.report()


@dataclass(kw_only=True)
class _Run:
    """The state of one run; decisions are the last attempt's, deeds are everyone's."""

    automation: Automation
    clone: Clone
    decisions: list[Desired] = field(default_factory=list)
    moves: list[Explained] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    diff: str = ""
    notes: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def attempt(self) -> None:
        """Do everything that is to be done as the branch stands now.

        Raises:
            ReleaseError: the registry or the remote refuses.
            TransientError: somebody else was faster, or the remote cannot be reached.
        """
        base = self.clone.update()
        file = ReleasesFile.read(self.clone.root, model=None)
        self._assess(file)
        base = self._release(file, base)
        self._propose(base)

    def report(self) -> Report:
        """What was seen and done, each thing once."""
        return Report(
            decisions=tuple(self.decisions),
            notes=tuple(dict.fromkeys(self.notes)),
            diff=self.diff,
            done=tuple(dict.fromkeys(self.done)),
            problems=tuple(dict.fromkeys(self.problems)),
        )

    def _assess(self, file: ReleasesFile) -> None:
        sources = self.automation.sources
        assessor = Assessor(
            file=file,
            commits=self.clone.checkout.commits(),
            client=sources.registry(file.platform),
            records=sources.records(file.platform),
            rejects=not self.automation.is_dry_run,
        )
        found = [assessor.assess(model) for model in file.platform.model_names]
        self.decisions = [decision for one in found for decision in one.decisions]
        self.moves = [move for one in found for move in one.moves]
        self.problems = [problem for one in found for problem in one.problems]
        self.notes += [note for one in found for note in one.notes]

    def _release(self, file: ReleasesFile, base: str) -> str:
        """Push one commit with the moves that need no review; returns the branch's new commit."""
        after, made = self._applied(file, self._promoted("on-approval"))
        self.diff = after.diff(file)
        if not made:
            return base
        if self.automation.is_dry_run:
            self.done.append(f"would push to {self.clone.remote}")
            return base
        message = message_of(made)
        commit = commit_release(after, before=file, checkout=self.clone.checkout, message=message)
        self.clone.push(commit, base=base)
        self.done.append(f"committed as {commit[:10]} and pushed to {self.clone.remote}")
        return commit

    def _propose(self, base: str) -> None:
        """Push a branch for every move that waits for a review."""
        for explained in self._promoted("pull-request"):
            try:
                self._propose_one(explained, base)
            except TransientError:
                raise
            except (ContractError, ReleaseError) as error:
                self.problems.append(f"{explained.step.move.subject}: {error}")

    def _propose_one(self, explained: Explained, base: str) -> None:
        if not self.automation.is_dry_run:
            self.done.append(propose(self.clone, explained, base=base))
            return
        file = ReleasesFile.read(self.clone.root, model=None)
        self.diff += explained.step.move.applied_to(file).diff(file)
        self.done.append(f"would push branch {branch_of(explained.step.move)}")

    def _promoted(self, promotion: str) -> list[Explained]:
        stages = {one.stage for one in self.decisions if one.promotion == promotion}
        return [one for one in self.moves if one.step.move.stage in stages]

    def _applied(
        self, file: ReleasesFile, wanted: Iterable[Explained]
    ) -> tuple[ReleasesFile, list[Explained]]:
        """The file after the moves that it can take; its layout may defeat one of them."""
        made = []
        for explained in wanted:
            try:
                file = explained.step.move.applied_to(file)
            except (ContractError, ReleaseError) as error:
                self.problems.append(f"{explained.step.move.subject}: {error}")
            else:
                made.append(explained)
        return file, made


def _pause(attempt: int) -> float:
    """Longer after each attempt, and never equally long for two programs that met once."""
    spread = random.uniform(0.5, 1.0)  # noqa: S311  # protects nothing
    return spread * _FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1)
