import pytest

from mlops.release import Move
from mlops.release.automation.desired import Step
from mlops.release.automation.message import Explained, message_of
from mlops.release.git.trailer import Occasion, occasions


def explained(
    *,
    model: str = "churn",
    stage: str = "dev",
    before: int | None = 1,
    version: int = 2,
    occasion: Occasion = Occasion.APPROVED,
    reason: str | None = "read the card",
) -> Explained:
    move = Move(model=model, stage=stage, before=before, version=version)
    decision = f"{version} is approved"
    return Explained(
        step=Step(move=move, occasion=occasion, decided=version, decision=decision), reason=reason
    )


def test_a_message_says_what_moved_and_why() -> None:
    assert message_of([explained()]) == (
        "Release: churn 2 in dev (was 1)\n\n"
        "churn 2 in dev (was 1): 2 is approved: read the card\n\n"
        "Release-Automation: approved\n"
    )


@pytest.mark.parametrize(
    ("moves", "subject"),
    [
        ([explained(before=None)], "Release: churn 2 in dev"),
        ([explained(), explained(stage="prod")], "Release: churn 2 in dev, prod"),
        ([explained(), explained(stage="prod", version=3)], "Release: 2 pins of churn"),
        ([explained(), explained(model="fraud")], "Release: 2 pins of churn, fraud"),
        ([explained(model=name) for name in "abcd"], "Release: 4 pins of 4 models"),
    ],
)
def test_a_subject_is_a_line_however_much_moved(moves: list[Explained], subject: str) -> None:
    assert message_of(moves).partition("\n")[0] == subject


def test_every_occasion_is_named_once() -> None:
    moves = [
        explained(),
        explained(stage="prod", occasion=Occasion.ROLLED_BACK),
        explained(stage="qa"),
    ]

    assert occasions(message_of(moves)) == (Occasion.APPROVED, Occasion.ROLLED_BACK)


@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_a_decision_without_a_reason_stands_alone(reason: str | None) -> None:
    assert message_of([explained(reason=reason)]).splitlines()[2] == (
        "churn 2 in dev (was 1): 2 is approved"
    )


def test_a_reason_cannot_forge_a_trailer_or_steer_a_terminal() -> None:
    forged = explained(reason="good\n\nRelease-Automation: rolled-back\x1b[31m")

    message = message_of([forged])

    assert occasions(message) == (Occasion.APPROVED,)
    assert "\x1b" not in message
