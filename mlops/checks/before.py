"""The checks before a deployment: nothing of the stage is touched until they passed."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Final

from mlops.checks.bootstrap import bootstrapped
from mlops.checks.deployment import Candidate, Deployment, Move, move_of
from mlops.checks.execution_role import sufficient
from mlops.checks.image import pushed, registered
from mlops.checks.live import Live, live_or_none
from mlops.checks.previous import proven
from mlops.checks.quota import room
from mlops.checks.red_alarms import quiet
from mlops.checks.result import REFUSALS, Finding, Question, Result, answered, failed, passed

PRECHECKS: Final = ("bootstrap", "policy", "image", "quota", "version", "alarms", "previous")
"""Every check before a deployment, in the order in which they run."""


def before(deployment: Deployment, *, only: Collection[str] = PRECHECKS) -> Iterator[Result]:
    """Ask everything, even after a failure: a person wants to fix it all at once."""
    stage = deployment.stage
    if "bootstrap" in only:
        yield answered(_asked(stage, "bootstrap"), partial(bootstrapped, deployment.here))
    if "policy" in only:
        ask = partial(sufficient, deployment.here, deployment.execution)
        yield answered(_asked(stage, "policy"), ask)
    if "image" in only:
        for image in deployment.images:
            question = _asked(image.repository, "image")
            yield answered(question, partial(pushed, image, deployment))
    if "quota" in only:
        yield from _quotas(deployment)
    for candidate in deployment.candidates:
        yield from _of_candidate(candidate, deployment, only)


def _asked(subject: str, name: str) -> Question:
    return Question(check="before", subject=subject, name=name)


def _quotas(deployment: Deployment) -> Iterator[Result]:
    try:
        for name, finding in room(deployment):
            yield Result(question=_asked(deployment.stage, f"quota: {name}"), finding=finding)
    except REFUSALS as error:
        yield Result(question=_asked(deployment.stage, "quota"), finding=failed(str(error)))


def _of_candidate(
    candidate: Candidate, deployment: Deployment, only: Collection[str]
) -> Iterator[Result]:
    try:
        live = live_or_none(deployment.here, candidate.endpoint)
    except REFUSALS as error:
        yield Result(question=_asked(candidate.model, "what runs here"), finding=failed(str(error)))
        return
    for name, ask in _questions(candidate, deployment, live).items():
        if name in only:
            yield answered(_asked(candidate.model, name), ask)


def _questions(
    candidate: Candidate, deployment: Deployment, live: Live | None
) -> dict[str, Callable[[], Finding]]:
    move = move_of(candidate, live)
    return {
        "version": partial(_version, candidate, deployment, move),
        "alarms": partial(quiet, candidate, deployment.here, live, move),
        "previous": partial(proven, candidate, deployment.before, move),
    }


def _version(candidate: Candidate, deployment: Deployment, move: Move) -> Finding:
    if move is Move.NONE:
        return passed(f"version {candidate.version} runs here already")
    return registered(candidate, deployment, move)
