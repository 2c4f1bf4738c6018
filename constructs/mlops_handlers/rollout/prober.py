"""Probes an endpoint while a release is under way, and scores each version by its own answers.

What was found is published as it goes: a function that is ended keeps the minute's evidence. A
probe that gets no answer is as bad as a wrong one, and nobody can say which fleet left it without.
So it counts against the release, but only in a minute in which the release answers others: a fleet
that answers nothing at all is what the error alarms see, and an old fleet that hangs while the new
one has no traffic yet must not stop its own cure.
"""

import json
import logging
import os
import re
import secrets
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle, islice
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004  # botocore's own name
    HTTPClientError,
    IncompleteReadError,
)

from mlops.metrics import WRONG_ANSWERS
from mlops.rollout.probes import PROBE_PREFIX, Case, objection
from mlops_handlers.clients import client
from mlops_handlers.rollout.recorded_answers import Recorded, recorded_answers

LOG: Final = logging.getLogger()
_SPREAD_SECONDS: Final = 45
"""Probes spread over most of the minute, and are done before the next run begins."""
_LAST_ANSWER_SECONDS: Final = 56
"""No probe may be without an answer for longer: the function is ended after a minute."""
_PUBLISH_SECONDS: Final = 10
_CONNECT_SECONDS: Final = 3
_NO_ANSWER: Final = (HTTPClientError, ConnectionError, IncompleteReadError)
"""Timeouts, connections that were refused or broke off, bodies that did: nobody answered."""
_VERSION: Final = re.compile(r"(?:^|[;,\s])(?:x-)?model-version=([1-9]\d*)(?:$|[;,\s])")


@dataclass(kw_only=True)
class _Minute:
    """What the probes of one run found, and how much of it is published."""

    endpoint: str
    release: str
    """Version of the release under way, against which an unanswered probe counts."""
    scores: Counter[tuple[str, bool]] = field(default_factory=Counter)
    published: Counter[tuple[str, bool]] = field(default_factory=Counter)
    unanswered: int = 0
    unscored: int = 0
    """Answers that named no version."""
    unrecorded: int = 0
    """Answers to a request to which the version recorded none: neither right nor wrong."""
    _publication: float = field(default_factory=lambda: time.monotonic())  # noqa: PLW0108  # the clock of now

    def answered(self, version: str, *, is_wrong: bool) -> None:
        self.scores[version, is_wrong] += 1

    def publish_if_due(self) -> None:
        if time.monotonic() - self._publication >= _PUBLISH_SECONDS:
            self.publish()

    def publish(self) -> None:
        """Publish what is new since the last time."""
        new = self._scored() - self.published
        for version in sorted({version for version, _ in new}):
            _publish(self.endpoint, version, new)
        self.published += new
        self._publication = time.monotonic()

    def summary(self) -> dict[str, int]:
        scored = self._scored()
        return {
            "probes": self.scores.total(),
            "wrong": sum(count for (_, is_wrong), count in scored.items() if is_wrong),
            "unanswered": self.unanswered,
            "unscored": self.unscored,
            "unrecorded": self.unrecorded,
        }

    def _scored(self) -> Counter[tuple[str, bool]]:
        """The scores, with the unanswered probes where they count."""
        answers = any(self.scores[self.release, is_wrong] for is_wrong in (False, True))
        unanswered = self.unanswered if answers else 0
        return self.scores + Counter({(self.release, True): unanswered})


def handler(_event: object, _context: object) -> dict[str, int]:
    """Probe for one minute if the endpoint is being updated; else look and go."""
    minute = _Minute(endpoint=os.environ["ENDPOINT_NAME"], release=os.environ["VERSION"])
    status = client("sagemaker").describe_endpoint(EndpointName=minute.endpoint)["EndpointStatus"]
    if status == "Updating":
        try:
            for case in _paced(_cases(minute.release), int(os.environ["PROBES_PER_MINUTE"])):
                _probe(minute, case)
                minute.publish_if_due()
        finally:
            minute.publish()
    return minute.summary()


def _cases(release: str) -> list[Case]:
    """What the release recorded, in another order each minute: a minute may not ask them all."""
    cases = list(_recorded(release).cases.values())
    secrets.SystemRandom().shuffle(cases)
    return cases


def _recorded(version: str) -> Recorded:
    return recorded_answers(f"{os.environ['PACKAGES']}/{version}")


def _paced(cases: list[Case], probes: int) -> Iterator[Case]:
    """Each probe at its moment; those that are too late for an answer within the run are left."""
    began = time.monotonic()
    last = min(_SPREAD_SECONDS, _LAST_ANSWER_SECONDS - _answer_seconds())
    for number, case in enumerate(islice(cycle(cases), probes)):
        time.sleep(max(0.0, began + number * last / probes - time.monotonic()))
        if time.monotonic() - began > last:
            LOG.warning(
                "%s of %s probes were left out: answers take too long", probes - number, probes
            )
            return
        yield case


def _probe(minute: _Minute, case: Case) -> None:
    """Ask once; an error that a container answered is for the error alarms to see."""
    try:
        answer = _runtime().invoke_endpoint(
            EndpointName=minute.endpoint,
            ContentType=case.content_type,
            Accept=case.accept,
            Body=case.body,
            InferenceId=f"{PROBE_PREFIX}{uuid.uuid4()}",
        )
        body = _read(answer["Body"], case.most_bytes)
    except ClientError as error:
        LOG.warning("an error for %s: %s", case.name, error)
        return
    except _NO_ANSWER as error:
        LOG.warning("no answer to %s: %s", case.name, error)
        minute.unanswered += 1
        return
    version = answering_version(answer.get("CustomAttributes", ""), body)
    if version is None:
        LOG.warning("the answer to %s names no model version", case.name)
        minute.unscored += 1
    elif (own := _own_case(version, case)) is None:
        LOG.warning("version %s recorded no answer to %s", version, case.name)
        minute.unrecorded += 1
    else:
        problem = objection(own, body, answer.get("ContentType", ""), _recorded(version).tolerance)
        if problem is not None:
            LOG.warning("the answer of version %s to %s %s", version, case.name, problem)
        minute.answered(version, is_wrong=problem is not None)


def _own_case(version: str, case: Case) -> Case | None:
    """The same request among a version's own; counted as right, another would dilute wrong ones."""
    own = _recorded(version).cases.get(case.name)
    return own if own is not None and own.asks_what(case) else None


def _read(stream: Any, most: int) -> bytes:
    """An answer whole, or one byte more than it may have.

    Reading on after the last part is what notices that a body broke off.
    """
    body: bytes = stream.read(most + 1)
    while len(body) <= most and (part := stream.read(most + 1 - len(body))):
        body += part
    return body


def _answer_seconds() -> float:
    return float(os.environ["ANSWER_SECONDS"])


@cache
def _runtime() -> Any:
    """A client that asks once: a probe that is tried again hides what the first try met."""
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_answer_seconds(),
        retries={"total_max_attempts": 1},
    )
    return boto3.client("sagemaker-runtime", config=config)


def answering_version(attributes: str, body: bytes) -> str | None:
    """The version that answered: a custom attribute, else a field of the JSON body."""
    found = _VERSION.search(attributes)
    if found:
        return found[1]
    answer = _json(body)
    version = answer.get("model_version") if isinstance(answer, dict) else None
    return None if version is None else str(version)


def _json(body: bytes) -> object:
    """The answer as data; what is not JSON agrees with nothing."""
    try:
        data: object = json.loads(body)
    except ValueError:
        return None
    return data


def _publish(endpoint: str, version: str, scores: Counter[tuple[str, bool]]) -> None:
    counts = {is_wrong: scores[version, is_wrong] for is_wrong in (False, True)}
    seen = {float(is_wrong): float(count) for is_wrong, count in counts.items() if count}
    client("cloudwatch").put_metric_data(
        Namespace=WRONG_ANSWERS.namespace,
        MetricData=[
            {
                "MetricName": WRONG_ANSWERS.name,
                "Dimensions": [
                    {"Name": WRONG_ANSWERS.owner, "Value": endpoint},
                    {"Name": str(WRONG_ANSWERS.by), "Value": version},
                ],
                "Values": list(seen),
                "Counts": list(seen.values()),
            }
        ],
    )
