from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.release import Change, Commit, changes, previous_version
from mlops.release.pins.history import telling
from mlops.release.pins.holds import holds, taken_out

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def commit(name: str, content: str | None) -> Commit:
    return Commit(id=name, when=MOMENT, who="Ada", message=f"why {name}", content=content)


def pins(**versions: int) -> str:
    return f"releases: {{bike-demand: {versions}}}".replace("'", "")


def moved(found: list[Change]) -> list[tuple[str, str, int | None, int | None]]:
    return [(change.commit, change.stage, change.before, change.version) for change in found]


def moves(*versions: int | None, stage: str = "dev") -> list[Change]:
    return [
        Change(
            commit=str(index), when=MOMENT, who="", message="", stage=stage, before=None, version=v
        )
        for index, v in enumerate(versions)
    ]


def test_each_pin_that_moved_is_a_change() -> None:
    commits = [
        commit("a", pins(dev=1)),
        commit("b", pins(dev=2, prod=1)),
        commit("c", "releases: {churn: {dev: 9}, bike-demand: {prod: 1}}"),
    ]

    found = changes(commits, model="bike-demand", stages=("dev", "prod"))

    assert moved(found) == [
        ("a", "dev", None, 1),
        ("b", "dev", 1, 2),
        ("b", "prod", None, 1),
        ("c", "dev", 2, None),
    ]
    assert (found[0].who, found[0].when, found[0].message) == ("Ada", MOMENT, "why a")


def test_a_change_knows_whether_a_person_made_it() -> None:
    automatic = replace(commit("b", pins(dev=2)), message="x\n\nRelease-Automation: approved")

    found = changes([commit("a", pins(dev=1)), automatic], model="bike-demand", stages=("dev",))

    assert [change.by_automation for change in found] == [False, True]


@given(
    versions=st.lists(st.sampled_from([None, 1, 2, 3]), max_size=12),
    people=st.lists(st.booleans(), min_size=12, max_size=12),
)
@settings(max_examples=60)
def test_what_people_left_is_told_without_most_of_the_automations_commits(
    versions: list[int | None], people: list[bool]
) -> None:
    commits = [
        replace(
            commit(str(index), pins(dev=version) if version else "releases: {}"),
            message="x" if by_hand else "x\n\nRelease-Automation: approved",
        )
        for index, (version, by_hand) in enumerate(zip(versions, people, strict=False))
    ]

    def told(found: list[Commit]) -> tuple[object, ...]:
        moved = changes(found, model="bike-demand", stages=("dev",))
        by_hand = [change for change in moved if not change.by_automation]
        return holds(moved), taken_out(moved), by_hand

    assert told(telling(commits)) == told(commits)


def test_commits_of_the_automation_in_a_row_are_read_by_their_last() -> None:
    automatic = [
        replace(commit(name, pins(dev=1)), message="x\n\nRelease-Automation: approved")
        for name in "abc"
    ]

    found = telling([commit("0", None), *automatic, commit("9", None)])

    assert [one.id for one in found] == ["0", "c", "9"]


def test_a_commit_that_changed_words_or_another_model_changed_no_pin() -> None:
    commits = [commit("a", pins(dev=1)), commit("b", f"# words\n{pins(dev=1)}")]

    assert len(changes(commits, model="bike-demand", stages=("dev",))) == 1


def test_a_file_that_cannot_be_read_released_nothing() -> None:
    versions = {"a": pins(dev=1), "b": "<<<<<<<", "c": pins(dev=1), "d": pins(dev=2)}
    commits = [commit(name, content) for name, content in versions.items()]

    found = changes(commits, model="bike-demand", stages=("dev",))

    assert moved(found) == [("a", "dev", None, 1), ("d", "dev", 1, 2)]


def test_a_removed_file_took_the_release_away() -> None:
    commits = [commit("a", pins(dev=1)), commit("b", None)]

    found = changes(commits, model="bike-demand", stages=("dev",))

    assert moved(found)[-1] == ("b", "dev", 1, None)


@pytest.mark.parametrize(
    ("versions", "current", "expected"),
    [
        ((), 1, None),
        ((1,), 1, None),
        ((1, 2), 2, 1),
        ((1, 2, 3, 2), 2, 1),
        ((1, 2, 1), 1, None),
        ((1, 2, 1, 2), 2, 1),
        ((1, 2, 1, 3), 3, 1),
        ((1, 2, 3, 1), 1, None),
        ((3, 1), 1, 3),
        ((1, None, 2), 2, 1),
        ((1, None, 1), 1, None),
        ((1, 2), 3, 2),
        ((1, 2), 1, None),
    ],
)
def test_the_way_back_never_leads_forward(
    versions: tuple[int | None, ...], current: int, expected: int | None
) -> None:
    found = [*moves(*versions), *moves(7, 8, stage="prod")]

    assert previous_version(found, stage="dev", current=current) == expected
