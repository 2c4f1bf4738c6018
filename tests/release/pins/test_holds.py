from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from mlops.release.pins.history import Change
from mlops.release.pins.holds import holds, taken_out

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
Step = int | None | tuple[int | None, str]


def history(*steps: Step) -> list[Change]:
    """Changes of one stage; a version alone is a person's, a pair says whose it is."""
    found: list[Change] = []
    before: int | None = None
    for index, step in enumerate(steps):
        version, who = step if isinstance(step, tuple) else (step, "Ada")
        found.append(
            Change(
                commit=f"{index}" * 12,
                when=MOMENT,
                who=who,
                message="",
                stage="dev",
                before=before,
                version=version,
                by_automation=who == "automation",
            )
        )
        before = version
    return found


def held(found: Sequence[Change]) -> list[int]:
    return [v for v in range(1, 10) if any(hold.covers(v) for hold in holds(found))]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), []),
        ((1, 2, 3), []),
        ((1, 5, 3), [4, 5]),
        ((5, 3, 4), [5]),
        ((5, 3, 5), []),
        ((5, 3, 9), []),
        ((5, 3, 2), [3, 4, 5]),
        ((5, 3, 4, 1), [2, 3, 4, 5]),
        ((5, None), [1, 2, 3, 4, 5]),
        ((5, None, 2), [3, 4, 5]),
        ((5, None, 5), []),
    ],
)
def test_a_person_who_goes_back_holds_what_was_left_until_it_is_pinned_again(
    steps: tuple[Step, ...], expected: list[int]
) -> None:
    assert held(history(*steps)) == expected


def test_the_automations_own_way_back_holds_nothing() -> None:
    assert held(history(5, (3, "automation"))) == []


def test_the_automation_releases_nothing_that_a_person_holds() -> None:
    assert held(history(5, 3, (6, "automation"), (5, "automation"))) == [4, 5]


def test_a_person_who_goes_back_from_the_automations_pin_holds_it() -> None:
    assert held(history(3, (5, "automation"), 3)) == [4, 5]


def test_a_hold_says_whose_it_is() -> None:
    (hold,) = holds(history(5, 3))

    assert str(hold) == "left by 1111111111 (Ada)"


@pytest.mark.parametrize(
    ("steps", "is_out"),
    [
        ((), False),
        ((3, None), True),
        ((3, None, 3), False),
        ((3, (None, "automation")), False),
    ],
)
def test_a_model_is_out_while_a_persons_removal_was_the_last_word(
    steps: tuple[Step, ...], is_out: bool
) -> None:
    assert (taken_out(history(*steps)) is not None) is is_out
