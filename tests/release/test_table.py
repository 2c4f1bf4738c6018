import io
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from mlops.release import Change, Live, Move, Registered, StageStatus
from mlops.release.automation.desired import Desired, Step
from mlops.release.git.trailer import Occasion
from mlops.release.table import decisions_table, history_table, status_table

CHANGE = Change(
    commit="0123456789abcdef",
    when=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    who="Ada [b]",
    message="Release: churn 2 in dev (was 1)\n\nBetter in rain\n\nSigned-off-by: Ada",
    stage="dev",
    before=1,
    version=2,
)


def printed(renderable: object) -> list[str]:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(renderable)
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def test_a_stage_is_a_line_that_says_what_differs() -> None:
    dev = StageStatus(
        stage="dev",
        pinned=2,
        live=Live(version=2, endpoint_status="InService", release="0a1b2c3d4e5f"),
        registered=Registered(statuses={2: "Approved", 3: "Rejected"}),
    )
    prod = StageStatus(stage="prod", pinned=None, live=Live(unknown="no access"), before=dev)

    assert printed(status_table("bike-demand", [dev, prod, StageStatus(stage="x", pinned=1)])) == [
        "bike-demand",
        "stage pinned live approved newest what differs",
        "dev 2 2 (0a1b2c3d4e5f) 2 3 nothing",
        "prod - unknown - - what it runs is unknown: no access",
        "dev has 2",
        "x 1 not served here - - nothing",
    ]


def test_a_decision_is_a_line_that_says_why() -> None:
    move = Move(model="churn", stage="dev", before=4, version=3)
    step = Step(move=move, occasion=Occasion.REJECTED, decided=4, decision="4 is rejected")
    dev = Desired(
        model="churn", stage="dev", promotion="on-approval", pinned=4, step=step, held=("held",)
    )
    prod = Desired(
        model="churn", stage="prod", promotion="by-hand", pinned=None, problem="no way \x1b[31m"
    )
    qa = Desired(model="churn", stage="qa", promotion="on-approval", pinned=3)

    assert printed(decisions_table("churn", [dev, prod, qa])) == [
        "churn",
        "stage promotion pinned why",
        "dev on-approval 4 → 3 4 is rejected",
        "held",
        "prod by-hand - no way \ufffd[31m",
        "qa on-approval 3 nothing to do",
    ]


def test_changes_are_listed_newest_first_with_their_reason() -> None:
    first = replace(CHANGE, message="Start", before=None, version=1)

    assert printed(history_table("bike-demand", [first, CHANGE])) == [
        "bike-demand",
        "commit when stage version who message",
        "0123456789 2026-01-02 03:04 +0000 dev 1 → 2 Ada [b] Release: churn 2 in dev (was 1)",
        "Better in rain",
        "0123456789 2026-01-02 03:04 +0000 dev - → 1 Ada [b] Start",
    ]


def test_a_commit_cannot_steer_the_terminal() -> None:
    lines = printed(history_table("bike-demand", [replace(CHANGE, message="\x1b]0;title\x07red")]))

    assert "\x1b" not in "".join(lines)
    assert "]0;title" in lines[-1]


def test_a_model_without_history_says_so() -> None:
    assert printed(history_table("churn", [])) == ["no commit changed a release of churn yet"]
