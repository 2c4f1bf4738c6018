"""The prober: asks the recorded examples, and compares each answer with its own version's.

A model that answers fast, with status 200 and wrong, is caught by nothing else.
"""

import asyncio
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mlops.rehearsal.canary.clock import Clock
from mlops.rehearsal.canary.exchange import Message, NoAnswerError, Peer
from mlops.rehearsal.canary.metrics import Metrics
from mlops.rehearsal.canary.router import CUSTOM_ATTRIBUTES
from mlops.rehearsal.serving_check import Case
from mlops.rollout.probes import PROBE_PREFIX, Tolerance, agrees

SAME_MODEL: Final = Tolerance(relative=1e-3, absolute=1e-6)
"""How close an answer must be to the version's own: as close as the deployed prober wants it."""
_TIMEOUT_SECONDS: Final = 10.0
_MINUTE: Final = 60.0
_OK: Final = 200
_VERSION: Final = re.compile(r"(?:^|[;,\s])(?:x-)?model-version=([^;,\s]+)")


@dataclass(kw_only=True)
class Prober:
    """Probes one endpoint while it is being deployed."""

    answers: Mapping[str, Sequence[Case]]
    """By version: the recorded requests and that version's answers."""
    candidate: str
    per_minute: float
    clock: Clock
    port: int
    metrics: Metrics
    probes: int = 0
    hidden: int = 0
    """Answers whose version only a header named that InvokeEndpoint does not hand on."""
    _running: set[asyncio.Task[None]] | None = None

    async def run(self) -> None:
        """Probe until cancelled, at even distances."""
        if not self.per_minute or not self.answers:
            return
        peer = Peer(port=self.port)
        self._running = set()
        cases = itertools.cycle(self.answers[self.candidate])
        beginning = self.clock.now()
        for number in itertools.count():
            await self.clock.sleep_until(beginning + number * _MINUTE / self.per_minute)
            task = asyncio.create_task(self._probe(peer, next(cases)))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def settled(self, *, timeout_seconds: float) -> None:
        """Return once no probe is under way; those that get no answer in this time are given up."""
        under_way = list(self._running or ())
        if under_way:
            await asyncio.wait(under_way, timeout=timeout_seconds)
        for task in under_way:
            task.cancel()

    async def _probe(self, peer: Peer, case: Case) -> None:
        headers = {
            "content-type": case.content_type,
            "accept": "application/json",
            "x-amzn-sagemaker-inference-id": f"{PROBE_PREFIX}{self.probes}",
        }
        self.probes += 1
        try:
            answer = await peer.ask(
                "POST /invocations HTTP/1.1",
                headers,
                case.body.encode(),
                timeout_seconds=_TIMEOUT_SECONDS,
            )
        except NoAnswerError:
            return
        # An error is not a wrong answer: other alarms count those.
        if answer.status == _OK:
            version = answering_version(answer)
            if version is None:
                # Scored all the same: what the answer is worth is another question.
                version = answer.headers.get("x-model-version", "")
                self.hidden += 1
            self._judge(case, version, answer.body)

    def _judge(self, case: Case, version: str, body: bytes) -> None:
        expected = {one.name: one.expected for one in self.answers.get(version, ())}
        if case.name not in expected:
            return
        self.metrics.record_probe(
            at=self.clock.now(),
            of_candidate=version == self.candidate,
            wrong=_is_wrong(body, expected[case.name]),
        )


def answering_version(answer: Message) -> str | None:
    """The version behind an answer, as far as a caller of the endpoint can know it."""
    found = _VERSION.search(answer.headers.get(CUSTOM_ATTRIBUTES, ""))
    if found:
        return found[1]
    try:
        content = json.loads(answer.body)
    except ValueError:
        return None
    version = content.get("model_version") if isinstance(content, dict) else None
    return None if version is None else str(version)


def _is_wrong(body: bytes, expected: object) -> bool:
    try:
        found = json.loads(body)
    except ValueError:
        return True
    return not agrees(found, expected, SAME_MODEL)
