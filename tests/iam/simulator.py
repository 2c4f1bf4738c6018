"""Asks the simulator of IAM, which runs in Node.js, and reads its answers."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("node") / "decide.js"


class RefusedRequestError(Exception):
    """The simulator cannot judge a request: it would never reach IAM as it is written."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who wants to do what, and the names of the documents that have a say."""

    principal: str
    action: str
    resource: str
    account: str
    context: Mapping[str, Any]
    written: Sequence[str] = ()
    """The keys of the context that must count: one that the action does not know is a mistake."""
    identity: Sequence[str] = ()
    guard: str | None = None
    boundary: str | None = None
    judged_as: str | None = None
    """Another action on the same kind of resource, where IAM's reference does not list this one."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What IAM answers, and what each side said."""

    allowed: bool
    identity: bool
    """Whether a policy of the principal allows it."""
    resource: bool
    """Whether the policy of the resource allows it, to the principal or to its account."""
    grants: Sequence[tuple[str, int]]
    """The statements that allow it: the document's name, and the place in it."""

    @property
    def refused_by(self) -> frozenset[str]:
        """The sides that do not allow it."""
        sides = {"identity": self.identity, "resource": self.resource}
        return frozenset(side for side, allows in sides.items() if not allows)


class Simulator:
    """One process that answers batch after batch."""

    def __init__(self, packages: Path) -> None:
        self.packages = packages
        self._process = subprocess.Popen(
            ["node", SCRIPT, packages], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def decide(
        self, documents: Mapping[str, Sequence[Any]], requests: Iterable[Request]
    ) -> list[Verdict]:
        """The verdicts on some requests, in their order.

        Raises:
            RefusedRequestError: the action, the resource or a document is not a valid one.
        """
        asked = list(requests)
        batch = {"documents": documents, "requests": [asdict(request) for request in asked]}
        answers = self._ask(batch)
        for request, answer in zip(asked, answers, strict=True):
            if "problem" in answer:
                raise RefusedRequestError(f"{request}: {answer['problem']}")
        return [_verdict(answer) for answer in answers]

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _ask(self, batch: Any) -> list[dict[str, Any]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(batch) + "\n")
        self._process.stdin.flush()
        answers: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return answers


def _verdict(answer: Mapping[str, Any]) -> Verdict:
    return Verdict(
        allowed=answer["allowed"],
        identity=answer["identity"],
        resource=answer["resource"],
        grants=[(name, index) for name, index in answer["grants"]],
    )
