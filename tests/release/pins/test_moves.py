from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.release import Checkout, Move, ReleaseError, ReleasesFile, pin, promote, rollback

MODEL = "bike-demand"
Git = Callable[..., str]
Release = Callable[[str, str], str]


def test_a_move_says_what_it_does_in_a_line(file: ReleasesFile) -> None:
    lines = [
        pin(file, model=MODEL, stage=stage, version=version).subject
        for stage, version in (("dev", 4), ("prod", 2), ("staging", None), ("prod", None))
    ]

    assert lines == [
        "Release: bike-demand 4 in dev (was 3)",
        "Release: bike-demand 2 in prod",
        "Release: bike-demand no more in staging (was 2)",
        "Release: bike-demand no more in prod",
    ]


def test_a_move_to_where_a_stage_is_already_changes_nothing(file: ReleasesFile) -> None:
    moved = [
        pin(file, model=MODEL, stage="dev", version=version).applied_to(file).text != file.text
        for version in (3, 4, None)
    ]

    assert moved == [False, True, True]


def test_a_move_edits_the_file(file: ReleasesFile) -> None:
    move = pin(file, model=MODEL, stage="prod", version=2)

    after = move.applied_to(file)

    assert after.version(model=MODEL, stage="prod") == 2
    assert pin(after, model=MODEL, stage="prod", version=None).applied_to(after).text == file.text


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("dev", None, ("staging", 3)),
        (None, "staging", ("staging", 3)),
        ("dev", "staging", ("staging", 3)),
        ("staging", None, ("prod", 2)),
        (None, "prod", ("prod", 2)),
    ],
)
def test_a_promotion_takes_a_version_to_the_next_stage(
    file: ReleasesFile, source: str | None, target: str | None, expected: tuple[str, int]
) -> None:
    move = promote(file, model=MODEL, source=source, target=target)

    assert (move.stage, move.version) == expected


@pytest.mark.parametrize(
    ("source", "target", "got"),
    [
        ("dev", "prod", "dev to prod"),
        ("staging", "dev", "staging to dev"),
        ("dev", "dev", "dev to dev"),
        ("prod", None, "prod to the stage after"),
        (None, "dev", "the stage before to dev"),
        (None, None, "the stage before to the stage after"),
    ],
)
def test_a_promotion_passes_no_stage_by(
    file: ReleasesFile, source: str | None, target: str | None, got: str
) -> None:
    with pytest.raises(ReleaseError, match=f"got {got}; allowed: dev to staging, staging to prod"):
        promote(file, model=MODEL, source=source, target=target)


def test_a_promotion_names_stages_that_exist(file: ReleasesFile) -> None:
    with pytest.raises(ReleaseError, match="no stage 'qa'"):
        promote(file, model=MODEL, source="dev", target="qa")


def test_what_is_not_released_cannot_be_promoted(file: ReleasesFile) -> None:
    empty = file.unpinned(model=MODEL, stage="dev")

    with pytest.raises(ReleaseError, match=r"no release in dev to promote; remedy: pin one there"):
        promote(empty, model=MODEL, source="dev", target=None)


def test_a_rollback_goes_to_the_version_before(repository: Path, release: Release) -> None:
    release("dev: 1", "Start")
    release("dev: 2", "Go on")

    assert _rollback(repository) == Move(model=MODEL, stage="dev", before=2, version=1)


def test_a_pin_that_is_not_committed_yet_is_left_by_a_rollback(
    repository: Path, release: Release
) -> None:
    release("dev: 1", "Start")
    (repository / "config/releases.yaml").write_text("releases: {bike-demand: {dev: 5}}\n")

    assert _rollback(repository).version == 1


def test_a_rollback_of_nothing_is_refused(repository: Path, release: Release) -> None:
    release("prod: 1", "Start")

    with pytest.raises(ReleaseError, match="no release in dev to go back from"):
        _rollback(repository)


def test_a_rollback_from_the_first_version_is_refused(repository: Path, release: Release) -> None:
    release("dev: 1", "Start")

    with pytest.raises(ReleaseError, match=r"nothing to go back to from 1; .* `mlops release pin"):
        _rollback(repository)


def test_a_shallow_clone_is_told_to_fetch_its_history(
    repository: Path, tmp_path: Path, git: Git, release: Release
) -> None:
    git("add", ".")
    git("commit", "--quiet", "--message", "Everything")
    release("dev: 2", "Go on")
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth=1", repository.as_uri(), str(clone))

    with pytest.raises(ReleaseError, match="git fetch --unshallow"):
        _rollback(clone)


def _rollback(root: Path) -> Move:
    file = ReleasesFile.read(root, model=MODEL)
    return rollback(file, Checkout(root=root), model=MODEL, stage="dev")
