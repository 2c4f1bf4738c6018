"""One request to AWS as data, so that it can be printed, checked and priced before it is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

Place = Literal["stage", "delivery"]
"""Whose account and region is asked."""
Response = Mapping[str, Any]

_READING: Final = ("BatchGet", "Describe", "Filter", "Get", "Invoke", "List", "Test", "Validate")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request of the API, under the API's own names."""

    name: str
    """By which the answer is found."""
    place: Place
    service: str
    operation: str
    request: Mapping[str, Any]
    taken: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Members of the request that an earlier answer gives: name of its call, member of it."""
    undo: "Call | None" = None
    """What removes again what this made; it may take members from this call's answer."""
    until: Callable[[Response], bool] | None = None
    """Asked again until this holds, or the patience of the run ends."""
    settle_seconds: float = 0.0
    """How long what this made needs before the next call finds it everywhere."""
    spent: tuple[str, ...] = ()
    """Of a removal: codes that say that there is nothing left to remove."""

    @property
    def reads(self) -> bool:
        """Whether it leaves nothing that would have to be removed."""
        return self.operation.startswith(_READING)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The service's no."""

    code: str
    message: str

    @property
    def is_access(self) -> bool:
        """Whether it is about who asks, which says nothing about what was asked."""
        return any(word in self.code for word in ("AccessDenied", "UnauthorizedOperation"))

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def is_unasked(self) -> bool:
        """Whether nobody was asked, because an earlier request was refused."""
        return self.code == UNASKED


UNASKED: Final = "NotAsked"
Answer = Response | Refusal
Answers = Mapping[str, Answer]


def completed(call: Call, answers: Answers) -> Call | Refusal:
    """A call with what earlier answers give, or why it cannot be made."""
    request = dict(call.request)
    for member, (name, key) in call.taken.items():
        answer = answers[name]
        if isinstance(answer, Refusal):
            return Refusal(code=UNASKED, message=f"{name} was refused: {answer}")
        if key in answer:  # a bucket without versions answers none
            request[member] = answer[key]
    return replace(call, request=request, taken={})
