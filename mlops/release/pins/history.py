"""How a stage came to its version: the commits that changed its pin, and the way back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from mlops.release.git.checkout import Commit
from mlops.release.pins.releases_file import releases_in


@dataclass(frozen=True, kw_only=True)
class Change:
    """One commit that moved one pin."""

    commit: str
    when: datetime
    who: str
    message: str
    stage: str
    before: int | None
    version: int | None
    """None where the commit took the release away."""
    by_automation: bool = False
    """Whether the release automation moved it, and not a person."""


def changes(commits: Iterable[Commit], *, model: str, stages: Iterable[str]) -> list[Change]:
    """The changes of a model's pins, oldest first.

    A commit whose file cannot be read released nothing, and is passed over.
    """
    pinned: dict[str, int | None] = dict.fromkeys(stages)
    found = []
    for commit in commits:
        spec = releases_in(commit.content or "")
        if spec is None:
            continue
        for stage, before in pinned.items():
            version = spec.version(model=model, stage=stage)
            if version != before:
                found.append(_change(commit, stage, before, version))
                pinned[stage] = version
    return found


def telling(commits: Sequence[Commit]) -> list[Commit]:
    """The commits that tell what people left: theirs, what stood before them, and the last one.

    Reading a file takes long, and nearly all commits are the automation's, which decide nothing.
    """
    return [
        commit
        for commit, following in pairwise([*commits, None])
        if commit is not None
        and not (following and commit.by_automation and following.by_automation)
    ]


def previous_version(found: Iterable[Change], *, stage: str, current: int) -> int | None:
    """The version to go back to from `current`, or None if there never was an earlier one.

    A way back is never a way forward: a version that was left by going back to an earlier one is
    forgotten, so that two rollbacks in a row lead to ever older versions.
    """
    path: list[int] = []
    versions = [change.version for change in found if change.stage == stage]
    for version in [*versions, current]:
        if version in path:
            del path[path.index(version) + 1 :]
        elif version is not None:
            path.append(version)
    return path[-2] if len(path) > 1 else None


def _change(commit: Commit, stage: str, before: int | None, version: int | None) -> Change:
    return Change(
        commit=commit.id,
        when=commit.when,
        who=commit.who,
        message=commit.message,
        stage=stage,
        before=before,
        version=version,
        by_automation=commit.by_automation,
    )
