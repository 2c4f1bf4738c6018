from collections.abc import Iterator
from typing import Any

import pytest

from mlops.release import Move
from mlops.release.automation.desired import Step
from mlops.release.automation.message import Explained
from mlops.release.automation.pull_request import branch_of, propose
from mlops.release.git.git import Git
from mlops.release.git.remote import Clone, cloned
from mlops.release.git.trailer import Occasion

MOVE = Move(model="bike-demand", stage="prod", before=None, version=2)
STEP = Step(move=MOVE, occasion=Occasion.APPROVED, decided=2, decision="2 is approved")
EXPLAINED = Explained(step=STEP, reason="read the card")
BRANCH = "release/bike-demand-2-prod"


@pytest.fixture
def clone(host: Any, unattended_git: Git) -> Iterator[Clone]:
    with cloned(host.remote, unattended_git) as clone:
        yield clone


def proposed(clone: Clone) -> str:
    return propose(clone, EXPLAINED, base=clone.update())


def test_a_move_has_a_branch_of_its_own() -> None:
    assert branch_of(MOVE) == BRANCH


def test_the_branch_is_one_commit_ahead_and_the_delivered_one_stays(
    host: Any, clone: Clone
) -> None:
    said = proposed(clone)

    assert said == f"pushed branch {BRANCH}: open its pull request, or let the host do it"
    assert host.log(BRANCH, "%s%n%b")[:4] == [
        "Release: bike-demand 2 in prod",
        "bike-demand 2 in prod: 2 is approved: read the card",
        "",
        "Release-Automation: approved",
    ]
    assert host.log(BRANCH)[1:] == host.log()
    assert host.log() == ["Ada: Start"]
    assert "prod: 2" in host.show("config/releases.yaml", BRANCH)


def test_a_branch_that_holds_it_already_stays_as_it_is(host: Any, clone: Clone) -> None:
    proposed(clone)
    before = host.log(BRANCH, "%H")

    again = proposed(clone)

    assert again == f"branch {BRANCH} waits for its review"
    assert host.log(BRANCH, "%H") == before


def test_a_branch_that_fell_behind_is_made_anew_on_top(host: Any, clone: Clone) -> None:
    proposed(clone)
    head = host.write("README.md", "words")

    said = proposed(clone)

    assert said.startswith("pushed branch")
    assert host.log(BRANCH, "%H")[1] == head


def test_a_branch_to_which_a_person_pushed_is_left_alone(host: Any, clone: Clone) -> None:
    proposed(clone)
    host.git("fetch", "--quiet", "origin", BRANCH)
    host.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    host.git("commit", "--quiet", "--allow-empty", "--message", "My own words")
    (host.desk / "README.md").write_text("words")
    host.git("add", ".")
    host.git("commit", "--quiet", "--message", "My own file")
    host.git("push", "--quiet", "origin", f"HEAD:{BRANCH}")
    before = host.log(BRANCH, "%H")

    said = proposed(clone)

    assert said == f"branch {BRANCH} holds commits of people, so it was left alone"
    assert host.log(BRANCH, "%H") == before
