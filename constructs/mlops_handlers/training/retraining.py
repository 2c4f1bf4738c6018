"""Whether a model is trained without a person asking, decided by the pipeline's history alone.

Events come twice, late, in any order and to several functions at once, so none of them counts for
anything. What counts is which executions there are. Every automatic start carries a token that is
made of the one before it; SageMaker takes a token once. So two functions that know of the same last
training start one execution between them, and one whose list is out of date starts none.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

AUTOMATIC: Final = "automatic-"
"""First part of the display name of every execution that no person started."""
LOOK_BACK: Final = timedelta(days=92)
"""Longer than any cooldown of a contract, any month, and any job that may still run."""
_UNDER_WAY: Final = frozenset({"Executing", "Stopping"})


class Trigger(StrEnum):
    """What asks for a training, as the execution's name says it."""

    DRIFT = "drift"
    DATA = "data"
    SCHEDULE = "schedule"


class Rule(StrEnum):
    """What holds a training back."""

    LOCK = "lock"
    COOLDOWN = "cooldown"
    BUDGET = "budget"


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution of the pipeline, whoever started it."""

    began: datetime
    status: str
    name: str
    """The display name; may be empty."""

    @property
    def is_automatic(self) -> bool:
        """Whether no person started it."""
        return self.name.startswith(AUTOMATIC)

    @property
    def spends(self) -> bool:
        """Whether it counts against the budget; whoever wrote a schedule has counted its runs."""
        return self.is_automatic and not self.name.startswith(f"{AUTOMATIC}{Trigger.SCHEDULE}-")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How often drift and new data may train."""

    cooldown: timedelta
    budget_per_month: int
    """Of a calendar month, UTC."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """An execution to start."""

    token: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """Why none is started."""

    rule: Rule
    reason: str


def decide(
    trigger: Trigger,
    history: Sequence[Execution],
    *,
    now: datetime,
    limits: Limits,
    pipeline: str,
) -> Start | Held:
    """Start, or the first rule that holds it back.

    A schedule minds the lock alone: a person wrote when it trains. Its trainings still begin a
    cooldown, since they read the newest data as well.

    The history may be in any order, and reaches back through `LOOK_BACK` and to the last automatic
    execution, however old that is.
    """
    held = _lock(history)
    if held is None and trigger is not Trigger.SCHEDULE:
        held = _cooldown(history, now, limits) or _budget(history, now, limits)
    if held is not None:
        return held
    moment = now.astimezone(UTC)
    name = f"{AUTOMATIC}{trigger}-{moment:%Y%m%dT%H%M%SZ}"
    return Start(token=_token(pipeline, history), name=name)


def reaches_back(history: Iterable[Execution], now: datetime) -> bool:
    """Whether a history, newest first so far, suffices for a decision."""
    known = list(history)
    is_long = any(one.began < now - LOOK_BACK for one in known)
    return is_long and any(one.is_automatic for one in known)


def _token(pipeline: str, history: Iterable[Execution]) -> str:
    last = _last_automatic(history)
    after = "nothing" if last is None else last.astimezone(UTC).isoformat()
    return hashlib.sha256(f"{pipeline} after {after}".encode()).hexdigest()


def _last_automatic(history: Iterable[Execution]) -> datetime | None:
    return max((one.began for one in history if one.is_automatic), default=None)


def _lock(history: Iterable[Execution]) -> Held | None:
    running = [one for one in history if one.status in _UNDER_WAY]
    if not running:
        return None
    newest = max(running, key=lambda one: one.began)
    reason = f"the execution that began at {_written(newest.began)} is {newest.status}"
    return Held(rule=Rule.LOCK, reason=reason)


def _cooldown(history: Iterable[Execution], now: datetime, limits: Limits) -> Held | None:
    last = _last_automatic(history)
    if last is None or now >= last + limits.cooldown:
        return None
    reason = (
        f"the last automatic training began at {_written(last)}; the next one may begin at "
        f"{_written(last + limits.cooldown)}"
    )
    return Held(rule=Rule.COOLDOWN, reason=reason)


def _budget(history: Iterable[Execution], now: datetime, limits: Limits) -> Held | None:
    month = _month(now)
    spent = sum(one.spends and _month(one.began) == month for one in history)
    if spent < limits.budget_per_month:
        return None
    reason = f"{spent} of {limits.budget_per_month} automatic trainings of {month} are used up"
    return Held(rule=Rule.BUDGET, reason=reason)


def _month(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m}"


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
