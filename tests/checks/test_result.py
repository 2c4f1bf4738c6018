"""Skipped is not a failure, invalid is not a pass, and nothing asked is not a pass either."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from mlops.checks.result import (
    Finding,
    Question,
    Result,
    Status,
    answered,
    counts,
    failed,
    invalid,
    passed,
    skipped,
    verdict,
)

QUESTION = Question(check="smoke", subject="churn", name="one")


def results(*findings: Finding) -> list[Result]:
    return [Result(question=QUESTION, finding=finding) for finding in findings]


@pytest.mark.parametrize(
    ("findings", "goes_on"),
    [
        ((passed("a"), skipped("b")), True),
        ((passed("a"), failed("b")), False),
        ((passed("a"), invalid("b")), False),
        ((), False),
    ],
)
def test_a_promotion_goes_on_only_if_nothing_stops_it(
    findings: tuple[Finding, ...], goes_on: bool
) -> None:
    assert verdict(results(*findings)) is goes_on


def test_a_skip_and_an_invalid_answer_say_so_themselves() -> None:
    assert skipped("no capture").detail == "skipped: no capture"
    assert invalid("late").detail == "invalid: late"


def test_what_no_file_or_terminal_should_get_is_left_out() -> None:
    assert failed("a\x1b[31m\ud800\nb").detail == "a [31m  b"


def test_a_refusal_is_an_answer() -> None:
    def refuse() -> Any:
        raise EndpointConnectionError(endpoint_url="https://x")

    found = answered(QUESTION, refuse)

    assert found.finding.status is Status.FAILED
    assert "Could not connect" in found.finding.detail


def test_a_mistake_in_a_check_is_no_answer() -> None:
    def broken() -> Any:
        raise KeyError("x")

    with pytest.raises(KeyError):
        answered(QUESTION, broken)


def test_results_are_counted_by_their_status() -> None:
    assert dict(counts(results(passed("a"), passed("b"), invalid("c")))) == {
        Status.PASSED: 2,
        Status.FAILED: 0,
        Status.SKIPPED: 0,
        Status.INVALID: 1,
    }


def test_a_line_says_what_was_asked_of_whom_and_the_answer() -> None:
    (line,) = results(failed("0.9 instead of 0.5"))

    assert str(line) == "failed  smoke churn: one: 0.9 instead of 0.5"
