"""What each fault does to requests and captures, and that somebody wrote down what must follow."""

from datetime import UTC, datetime

import pytest

from mlops.contract import ModelSpec
from mlops.rehearsal.drift import faults
from mlops.rehearsal.drift.periods import Case
from mlops.rehearsal.errors import RehearsalError


@pytest.fixture
def cases() -> list[Case]:
    moment = datetime(2012, 1, 1, tzinfo=UTC)
    request = {"hour": 10, "heat": 20.0, "sky": "clear", "holiday": False}
    return [Case(at=moment, request=dict(request), truth=1.0) for _ in range(9)]


def test_another_unit_stays_within_the_contract_and_changes_nothing_else(
    cases: list[Case], spec: ModelSpec
) -> None:
    changed = faults.asked("unit-change", cases, spec)

    assert {case.request["heat"] for case in changed} == {0.0}
    assert {case.request["hour"] for case in changed} == {10}


def test_a_fault_takes_a_field_that_is_compared_or_says_that_there_is_none(
    cases: list[Case], spec: ModelSpec
) -> None:
    monitoring = spec.monitoring.model_copy(update={"ignored": ("heat", "sky")})
    changed = spec.model_copy(update={"monitoring": monitoring})

    assert faults.measured(changed).name == "hour"
    with pytest.raises(RehearsalError, match="tiny: no input that monitoring compares has three"):
        faults.asked("rare-category", cases, changed)


def test_what_is_unknown_has_no_unit(cases: list[Case], spec: ModelSpec) -> None:
    cases[0].request["heat"] = None

    assert faults.asked("unit-change", cases[:1], spec)[0].request["heat"] is None


def test_a_third_of_the_requests_has_the_category_that_is_asked_least(
    cases: list[Case], spec: ModelSpec
) -> None:
    cases[1].request["sky"] = "rain"
    changed = faults.asked("rare-category", cases, spec)

    assert sum(case.request["sky"] == "snow" for case in changed) == 3


@pytest.mark.parametrize("fault", ["none", "no-capture", "late-labels", "flapping-alarm"])
def test_other_faults_leave_the_requests_alone(
    cases: list[Case], spec: ModelSpec, fault: str
) -> None:
    assert faults.asked(fault, cases, spec) == cases


def test_captures_are_lost_or_cut() -> None:
    lines = ["aaaa", "bbbb", "cccc"]

    assert faults.captured("no-capture", lines) == []
    assert faults.captured("corrupt-capture", lines) == ["aa", "bbbb", "cc"]
    assert faults.captured("none", lines) == lines


def test_every_fault_has_a_story_and_says_what_must_follow() -> None:
    found = faults.expectations()

    assert all(one.story for one in found.values())
    assert all(
        one.red or one.quiet or one.trainings is not None
        for name, one in found.items()
        if name != faults.NONE
    )
