"""Probes an endpoint while a release is under way, and scores each version by its own answers."""

import json
import logging
import os
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Final

from botocore.exceptions import ClientError

from mlops.rollout.probes import PROBE_PREFIX, Case, agrees
from mlops_constructs.handlers.clients import client
from mlops_constructs.handlers.contract import contract_cases
from mlops_constructs.handlers.recorded_answers import recorded_answers

LOG: Final = logging.getLogger()
NAMESPACE: Final = "Mlops/Serving"
METRIC: Final = "WrongAnswers"
_SPREAD_SECONDS: Final = 45
"""Probes spread over most of the minute, and are done before the next run begins."""
_VERSION: Final = re.compile(r"(?:^|[;,\s])(?:x-)?model-version=([1-9]\d*)(?:$|[;,\s])")
Scores = Counter[tuple[str, bool]]


def handler(_event: object, _context: object) -> dict[str, int]:
    """Probe for one minute if the endpoint is being updated; else look and go."""
    endpoint = os.environ["ENDPOINT_NAME"]
    status = client("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointStatus"]
    if status != "Updating":
        return {"probes": 0, "wrong": 0}
    scores = Counter(_scores(endpoint, int(os.environ["PROBES_PER_MINUTE"])))
    for version in sorted({version for version, _ in scores}):
        _publish(endpoint, version, scores)
    wrong = sum(count for (_, is_wrong), count in scores.items() if is_wrong)
    return {"probes": scores.total(), "wrong": wrong}


def _scores(endpoint: str, probes: int) -> Iterator[tuple[str, bool]]:
    """The version behind each answer, and whether the answer is wrong for that version."""
    began = time.monotonic()
    for number, case in enumerate(islice(cycle(contract_cases()), probes)):
        time.sleep(max(0.0, began + number * _SPREAD_SECONDS / probes - time.monotonic()))
        scored = _scored(endpoint, case)
        if scored is not None:
            yield scored


def _scored(endpoint: str, case: Case) -> tuple[str, bool] | None:
    """One probe; nothing where no version answered, which the error alarms see."""
    try:
        answer = client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint,
            ContentType=case.content_type,
            Accept="application/json",
            Body=case.body,
            InferenceId=f"{PROBE_PREFIX}{uuid.uuid4()}",
        )
    except ClientError as error:
        LOG.warning("no answer to %s: %s", case.name, error)
        return None
    text = answer["Body"].read()
    version = answering_version(answer.get("CustomAttributes", ""), text)
    if version is None:
        LOG.warning("the answer to %s names no model version", case.name)
        return None
    return version, _is_wrong(version, case, text)


def answering_version(attributes: str, body: bytes) -> str | None:
    """The version that answered: a custom attribute, else a field of the JSON body."""
    found = _VERSION.search(attributes)
    if found:
        return found[1]
    answer = _json(body)
    version = answer.get("model_version") if isinstance(answer, dict) else None
    return None if version is None else str(version)


def _is_wrong(version: str, case: Case, body: bytes) -> bool:
    recorded = recorded_answers(f"{os.environ['PACKAGES']}/{version}")
    if case.name not in recorded.answers:
        return False
    return not agrees(_json(body), recorded.answers[case.name], recorded.tolerance)


def _json(body: bytes) -> object:
    """The answer as data; what is no JSON agrees with nothing."""
    try:
        data: object = json.loads(body)
    except ValueError:
        return None
    return data


def _publish(endpoint: str, version: str, scores: Scores) -> None:
    counts = {is_wrong: scores[version, is_wrong] for is_wrong in (False, True)}
    seen = {float(is_wrong): float(count) for is_wrong, count in counts.items() if count}
    client("cloudwatch").put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": METRIC,
                "Dimensions": [
                    {"Name": "EndpointName", "Value": endpoint},
                    {"Name": "ModelVersion", "Value": version},
                ],
                "Values": list(seen),
                "Counts": list(seen.values()),
            }
        ],
    )
