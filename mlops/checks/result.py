"""What a check came to: passed, failed, skipped with a reason, or invalid, which is not a pass."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

REFUSALS: Final = (BotoCoreError, ClientError)
"""How a service, or the way to it, says no."""


class Status(StrEnum):
    """How one question was answered."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It could not be asked here, and nothing is wrong with that."""
    INVALID = "invalid"
    """It was asked in a way that proves neither."""

    @property
    def stops(self) -> bool:
        """Whether a promotion ends here."""
        return self in (Status.FAILED, Status.INVALID)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An answer, and what a person should know about it."""

    status: Status
    detail: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of whom."""

    check: str
    """smoke, integration, load, metrics or before."""
    subject: str
    """A model, or the stage."""
    name: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """A question with its answer and how long it took."""

    question: Question
    finding: Finding
    seconds: float = 0.0

    def __str__(self) -> str:
        asked, found = self.question, self.finding
        return f"{found.status:<7} {asked.check} {asked.subject}: {asked.name}: {found.detail}"


def passed(detail: str) -> Finding:
    """It is as it should be."""
    return _finding(Status.PASSED, detail)


def failed(detail: str) -> Finding:
    """It is not."""
    return _finding(Status.FAILED, detail)


def skipped(reason: str) -> Finding:
    """It was not asked, for a reason that the configuration or the service gives."""
    return _finding(Status.SKIPPED, f"skipped: {reason}")


def invalid(reason: str) -> Finding:
    """The answer proves nothing."""
    return _finding(Status.INVALID, f"invalid: {reason}")


def _finding(status: Status, text: str) -> Finding:
    """A model may answer anything: what no file or terminal should get becomes a space."""
    clean = "".join(one if one.isprintable() else " " for one in text)
    return Finding(status=status, detail=clean)


def answered(question: Question, ask: Callable[[], Finding]) -> Result:
    """Ask; an API's refusal is an answer, too."""
    began = time.monotonic()
    try:
        finding = ask()
    except REFUSALS as error:
        finding = failed(str(error))
    return Result(question=question, finding=finding, seconds=time.monotonic() - began)


def verdict(results: Iterable[Result]) -> bool:
    """Whether something was asked and nothing stops a promotion."""
    asked = list(results)
    return bool(asked) and not any(result.finding.status.stops for result in asked)


def counts(results: Iterable[Result]) -> Iterator[tuple[Status, int]]:
    """How many results of each status there are, in the order of the statuses."""
    found = [result.finding.status for result in results]
    return ((status, found.count(status)) for status in Status)
