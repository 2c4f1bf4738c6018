"""Asks the probes of a stage one after the other, and removes whatever they made."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from mlops.accept.call import Answer, Answers, Call, Refusal, completed
from mlops.accept.ledger import Ledger
from mlops.accept.probe import Probe, Verdict, still_open

PATIENCE_SECONDS: Final = 900.0
_PAUSE_SECONDS: Final = 15.0
_LONGEST: Final = 500
_GONE: Final = ("NotFound", "NoSuch", "does not exist", "not found")
"""How services say that there is nothing left to remove."""
Clients = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A probe, what it showed, and what it could not remove."""

    probe: Probe
    verdict: Verdict
    left: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run against one stage."""

    clients: Callable[[str], Clients]
    """Clients by place, made when they are first needed."""
    ledger: Ledger
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def ask(self, probes: Iterable[Probe]) -> Iterator[Outcome]:
        """What each probe shows."""
        for probe in probes:
            yield self._asked(probe)

    def cleaned(self, kept: int = 0) -> Iterator[str]:
        """Remove everything that is noted but the oldest few; says what stays, and why."""
        for undo in reversed(self.ledger.open()[kept:]):
            answer = self._sent(undo)
            if isinstance(answer, Refusal) and not _is_gone(answer, undo):
                yield f"{undo.operation} {dict(undo.request)}: {answer}"
            else:
                self.ledger.strike(undo)

    def _asked(self, probe: Probe) -> Outcome:
        answers: dict[str, Answer] = {}
        left: tuple[str, ...] = ()
        before = len(self.ledger.open())
        try:
            for call in probe.calls:
                answers[call.name] = answer = self._answer(call, answers)
                if isinstance(answer, Refusal) and answer.is_access:
                    break  # whoever may not ask this gets the same answer to the rest
        finally:
            # Also when somebody interrupts: nothing that costs or confuses may stay.
            left = tuple(self.cleaned(kept=before))
        return Outcome(probe=probe, verdict=_judged(probe, answers), left=left)

    def _answer(self, call: Call, answers: Answers) -> Answer:
        ready = completed(call, answers)
        if isinstance(ready, Refusal):
            return ready
        first = ready.undo if ready.undo is not None and ready.undo.request else None
        if first is not None:
            self.ledger.note(replace(first, taken={}))
        answer = self._sent(ready)
        if ready.settle_seconds and not isinstance(answer, Refusal):
            self.sleep(ready.settle_seconds)
        if ready.undo is not None and ready.undo.taken:
            self._name_undo(ready.undo, first, {ready.name: answer})
        return self._awaited(ready, answer)

    def _name_undo(self, undo: Call, first: Call | None, answers: Answers) -> None:
        """Note a removal that the answer names, in place of what was noted before."""
        named = completed(undo, answers)
        before = None if first is None else replace(first, taken={})
        if isinstance(named, Call) and named != before:
            self.ledger.note(named)
            if before is not None:
                self.ledger.strike(before)

    def _awaited(self, call: Call, answer: Answer) -> Answer:
        """The answer that a call waits for, or the last one before patience ends."""
        deadline = self.clock() + PATIENCE_SECONDS
        while call.until is not None and not isinstance(answer, Refusal):
            if call.until(answer) or self.clock() >= deadline:
                break
            self.sleep(_PAUSE_SECONDS)
            answer = self._sent(call)
        return answer

    def _sent(self, call: Call) -> Answer:
        client = self.clients(call.place)(call.service)
        try:
            answer: Answer = getattr(client, xform_name(call.operation))(**call.request)
        except ClientError as error:
            said = error.response["Error"]
            return Refusal(code=said["Code"], message=_short(said["Message"]))
        except BotoCoreError as error:
            return Refusal(code=type(error).__name__, message=_short(str(error)))
        return answer


def _short(message: str) -> str:
    """One line of it; a proxy answers with a whole page."""
    return " ".join(message.split())[:_LONGEST]


def _judged(probe: Probe, answers: dict[str, Answer]) -> Verdict:
    denied = [str(one) for one in answers.values() if isinstance(one, Refusal) and one.is_access]
    return still_open(f"no access: {denied[0]}") if denied else probe.judge(answers)


def _is_gone(refusal: Refusal, undo: Call) -> bool:
    said = f"{refusal.code} {refusal.message}"
    return refusal.code in undo.spent or any(word in said for word in _GONE)
