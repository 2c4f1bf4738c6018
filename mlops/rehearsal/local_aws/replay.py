"""What a served archive answered, beside what it should have."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A request that was replayed over HTTP, and how its answer compares."""

    name: str
    request: Any
    expected: Any
    answer: Any
    milliseconds: float
    differences: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the answer is the expected one within its tolerance."""
        return not self.differences


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the served archive answered."""

    start_seconds: float
    recorded: tuple[Answer, ...]
    """Against the version's own answers, recorded when it was evaluated."""
    promised: tuple[Answer, ...]
    """Against the contract's examples, within the contract's tolerance."""
    failure: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the archive was served and every answer matched."""
        answers = (*self.recorded, *self.promised)
        return self.failure is None and all(answer.matches for answer in answers)

    @property
    def problems(self) -> list[str]:
        """Everything that did not match."""
        found = [] if self.failure is None else [self.failure]
        for answer in (*self.recorded, *self.promised):
            found += [f"{answer.name}: {difference}" for difference in answer.differences]
        return found
