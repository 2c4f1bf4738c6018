"""Whether an endpoint answers as its contract says, and is what was asked for."""

import json
import uuid
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

from mlops.checks.clients import Clients
from mlops.checks.live import findings, live_endpoint
from mlops.checks.plan import Examples, PlannedRelease
from mlops.checks.result import REFUSALS, Finding, Question, Result, answered, failed, passed
from mlops.rollout.probes import PROBE_PREFIX, Case, differences

_SHOWN: Final = 3


def smoke(release: PlannedRelease, clients: Clients) -> Iterator[Result]:
    """Ask every example, then compare the endpoint with the plan."""
    for case in release.examples.cases:
        question = _question(release, f"example {case.name}")
        yield answered(question, partial(_answer, release, case, clients))
    yield from _described(release, clients)


def invoked(clients: Clients, endpoint: str, case: Case, *, inference_id: str | None = None) -> Any:
    """The answer to a case as data, or its text where it is not JSON."""
    answer = clients("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint,
        ContentType=case.content_type,
        Accept="application/json",
        Body=case.body,
        InferenceId=inference_id or probe_id(),
    )
    text = answer["Body"].read().decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def probe_id() -> str:
    """An inference id that monitoring leaves out."""
    return f"{PROBE_PREFIX}{uuid.uuid4()}"


def judged(answer: Any, case: Case, examples: Examples) -> Finding:
    """An answer beside the recorded one."""
    missing = sorted(set(examples.fields) - _named(answer))
    if missing:
        return failed(f"the answer lacks {', '.join(missing)}: {answer!r:.200}")
    found = list(islice(differences(case.response, answer, examples.tolerance), _SHOWN))
    return failed("; ".join(found)) if found else passed("as recorded, within the tolerance")


def _question(release: PlannedRelease, name: str) -> Question:
    return Question(check="smoke", subject=release.model, name=name)


def _answer(release: PlannedRelease, case: Case, clients: Clients) -> Finding:
    return judged(invoked(clients, release.endpoint, case), case, release.examples)


def _named(node: Any) -> set[str]:
    """Every key anywhere in an answer: it may be an object, a list, or wrapped in one."""
    if isinstance(node, dict):
        return set(node).union(*map(_named, node.values()))
    if isinstance(node, list):
        return set().union(*map(_named, node))
    return set()


def _described(release: PlannedRelease, clients: Clients) -> Iterator[Result]:
    try:
        live = live_endpoint(clients, release.endpoint)
        key_arn = clients("kms").describe_key(KeyId=release.key)["KeyMetadata"]["Arn"]
    except REFUSALS as error:
        yield Result(question=_question(release, "described"), finding=failed(str(error)))
        return
    for name, finding in findings(live, release, key_arn=key_arn):
        yield Result(question=_question(release, name), finding=finding)
