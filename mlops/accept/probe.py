"""A question about AWS, the requests that answer it, and what their answers mean."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mlops.accept.call import Answers, Call


class Status(StrEnum):
    """What is known of an assumption."""

    HELD = "held"
    BROKEN = "broken"
    """AWS does otherwise."""
    OPEN = "open"
    """It could not be told, for a reason that the detail gives."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the answers mean."""

    status: Status
    detail: str


def held(detail: str) -> Verdict:
    """AWS does what we assume."""
    return Verdict(status=Status.HELD, detail=detail)


def broken(detail: str) -> Verdict:
    """AWS does otherwise."""
    return Verdict(status=Status.BROKEN, detail=detail)


def still_open(reason: str) -> Verdict:
    """The answers decide nothing."""
    return Verdict(status=Status.OPEN, detail=reason)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What is asked for one assumption; without calls, `idle` says why."""

    assumption: str
    """Its id."""
    calls: tuple[Call, ...]
    judge: Callable[[Answers], Verdict]
    cost: str = "free"
    disturbs: str = ""
    """What it does to a live endpoint. Such a probe runs only where it is named."""
    needs_stacks: bool = False
    """Whether it uses what only a deployment names: roles, keys."""
    idle: str = ""


def idle(assumption: str, reason: str) -> Probe:
    """A probe that has nothing to ask here."""
    return Probe(assumption=assumption, calls=(), judge=lambda _: still_open(reason), idle=reason)
