"""Breaks the platform on a copy, one line at a time; the named tests must object.

`make mutants` tries the whole list. What others run is a part of it, drawn by the commit.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.mutant import ROOT, Mutant, StaleMutantError, load
from tests.mutants.trial import Copy, copied

MUTANTS = load()
ROOMS = {"checks", "constructs", "contract", "handlers", "monitoring", "pipeline", "release",
         "rollout", "serving"}  # fmt: skip
FEWEST = 150
each = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@pytest.fixture(scope="session")
def copy_of_the_repository(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copied(tmp_path_factory.mktemp("mutants"))


def test_no_mutant_of_the_list_is_stale() -> None:
    stale = []
    for mutant in MUTANTS:
        try:
            mutant.applied()
        except StaleMutantError as error:
            stale.append(str(error))
        stale += [f"stale: {mutant.name}: no such test: {test}" for test in mutant.missing_tests()]

    assert stale == []


def test_the_list_has_mutants_of_every_room_each_once() -> None:
    changes = Counter((mutant.file, mutant.before, mutant.after) for mutant in MUTANTS)

    assert {mutant.room for mutant in MUTANTS} == ROOMS
    assert len(MUTANTS) >= FEWEST
    assert Counter(mutant.name for mutant in MUTANTS).most_common(1)[0][1] == 1
    assert changes.most_common(1)[0][1] == 1


@each
def test_a_mutant_changes_one_line_and_still_compiles(mutant: Mutant) -> None:
    healthy = (ROOT / mutant.file).read_text("utf-8").splitlines()
    text = mutant.applied()
    changed = [pair for pair in zip(healthy, text.splitlines(), strict=True) if pair[0] != pair[1]]

    assert len(changed) == 1
    assert mutant.tests
    if mutant.file.endswith(".py"):
        compile(text, mutant.file, "exec")


@pytest.mark.full
@pytest.mark.sweep(cases=20)
@each
def test_its_tests_object_to_the_mutant(copy_of_the_repository: Copy, mutant: Mutant) -> None:
    named = frozenset(mutant.tests)
    healthy = copy_of_the_repository.unchanged(mutant.tests)
    assert healthy.passed == named, f"unfit without any change: {healthy.said}"

    outcome = copy_of_the_repository.changed(mutant)

    if mutant.survives:
        assert outcome.passed == named, f"{mutant.why}: no longer survives; it is not an exception"
        return
    unmoved = [
        f"{test}: {outcome.crashed.get(test, 'passed')}" for test in named - outcome.objected
    ]
    assert unmoved == [], f"{mutant.file}: {mutant.why}, and these do not object"


def test_a_line_that_is_gone_makes_its_mutant_stale(tmp_path: Path) -> None:
    mutant = Mutant(file="a.py", before="x > 1", after="x >= 1", why="w", tests=(), room="r")
    (tmp_path / "a.py").write_text("y > 1\n")

    with pytest.raises(
        StaleMutantError, match=r"found 0 times in a\.py.*adapt tests/mutants/r\.toml"
    ):
        mutant.applied(tmp_path)
