"""How an answer is scored: by its own version's record, as strictly as the deployed prober does."""

import pytest

from mlops.rehearsal.canary.clock import Clock
from mlops.rehearsal.canary.exchange import Message
from mlops.rehearsal.canary.metrics import Metrics
from mlops.rehearsal.canary.prober import SAME_MODEL, Prober, answering_version
from mlops.rehearsal.canary.router import CUSTOM_ATTRIBUTES
from mlops.rehearsal.serving_check import Case
from mlops_constructs.handlers import prober as deployed
from mlops_constructs.handlers import recorded_answers


def answer(headers: dict[str, str], body: bytes = b"{}") -> Message:
    return Message(first_line="HTTP/1.1 200 OK", headers=headers, body=body)


def case(expected: object) -> Case:
    return Case(name="two", content_type="application/json", body="{}", expected=expected)


def scored(version: str, body: bytes) -> list[tuple[str, float]]:
    metrics = Metrics()
    prober = Prober(
        answers={"1": [case({"y": 6.0})], "2": [case({"y": 7.0})]},
        candidate="2",
        per_minute=1,
        clock=Clock(scale=1),
        port=0,
        metrics=metrics,
    )
    prober._judge(case(None), version, body)
    return [
        (scope, sample.value) for (scope, _), found in metrics._series.items() for sample in found
    ]


@pytest.mark.parametrize(
    ("version", "body", "scores"),
    [
        ("2", b'{"y": 7.0}', [("endpoint", 0.0), ("new-fleet", 0.0)]),
        ("2", b'{"y": 6.0}', [("endpoint", 1.0), ("new-fleet", 1.0)]),
        ("1", b'{"y": 6.0}', [("endpoint", 0.0), ("old-fleet", 0.0)]),
        ("2", b"no JSON", [("endpoint", 1.0), ("new-fleet", 1.0)]),
        ("3", b'{"y": 7.0}', []),
    ],
)
def test_each_version_is_held_to_its_own_answers(version, body, scores) -> None:
    assert scored(version, body) == scores


@pytest.mark.parametrize(
    ("headers", "body", "version"),
    [
        ({CUSTOM_ATTRIBUTES: "model-version=12"}, b"[]", "12"),
        ({CUSTOM_ATTRIBUTES: "trace=1; x-model-version=3"}, b"[]", "3"),
        ({}, b'{"model_version": 4}', "4"),
        ({"x-model-version": "5"}, b"[]", None),
        ({}, b"no JSON", None),
    ],
)
def test_the_version_is_read_where_the_deployed_prober_reads_it(headers, body, version) -> None:
    attributes = headers.get(CUSTOM_ATTRIBUTES, "")

    assert answering_version(answer(headers, body)) == version
    assert deployed.answering_version(attributes, body) == version


def test_an_answer_must_be_as_close_as_the_deployed_prober_wants_it() -> None:
    theirs = recorded_answers._SAME_MODEL

    assert (SAME_MODEL.relative, SAME_MODEL.absolute) == (theirs.relative, theirs.absolute)
