"""A metric exists under exactly its dimensions, and an alarm on it must be able to fire."""

import itertools
from dataclasses import replace

import pytest

from mlops.rollout import Alarm, AlarmWindow, Comparison, rollback_signals
from mlops.rollout.published import PUBLISHED, blindness, missing, published

ERRORS = published("AWS/SageMaker", "Invocation5XXErrors")
LATENCY = published("AWS/SageMaker", "ModelLatency")
FLEET = ("EndpointName", "VariantName", "EndpointConfigName")


def alarm(**changed) -> Alarm:
    given = {"evaluation_periods": 3, "datapoints_to_alarm": 2, "threshold": 0.02, **changed}
    return Alarm(**given)


def test_every_signal_of_a_release_exists_and_can_fire() -> None:
    signals = rollback_signals(
        error_ratio=0.02,
        model_error_ratio=0.05,
        latency_p99_ms=200,
        window=AlarmWindow(),
    )

    for signal in signals:
        metric = published(signal.namespace, signal.metric)
        assert metric is not None
        assert missing(signal.namespace, signal.metric, dimensions=FLEET) is None
        assert list(blindness(signal.alarm, metric)) == []
        assert signal.unit == metric.unit


@pytest.mark.parametrize("metric", PUBLISHED, ids=lambda one: one.name)
def test_a_metric_exists_under_no_other_set_of_its_dimensions(metric) -> None:
    """Every set of known names and one unknown: CloudWatch ignores no dimension."""
    names = sorted(set().union(*(one for known in PUBLISHED for one in known.dimensions)))
    sets = itertools.chain.from_iterable(
        itertools.combinations([*names, "Owner"], size) for size in range(len(names) + 2)
    )

    found = [
        asked
        for asked in map(frozenset, sets)
        if missing(metric.namespace, metric.name, dimensions=asked) is None
    ]

    assert sorted(map(sorted, found)) == sorted(map(sorted, metric.dimensions))


@pytest.mark.parametrize(
    ("namespace", "name", "unit"),
    [
        ("AWS/SageMaker", "CPUUtilization", None),
        ("aws/sagemaker", "ModelLatency", None),
        ("AWS/SageMaker", "modellatency", None),
        ("AWS/SageMaker", "ModelLatency", "Milliseconds"),
        ("AWS/SageMaker", "Invocation5XXErrors", "Count"),
    ],
)
def test_another_name_or_unit_is_another_metric(namespace, name, unit) -> None:
    assert missing(namespace, name, dimensions=FLEET, unit=unit)


BLIND = {
    "the most of 0 and 1 is 1": (ERRORS, {"statistic": "Maximum", "threshold": 1}),
    "so is every percentile": (ERRORS, {"statistic": "p99", "threshold": 1}),
    "one good request hides all others": (ERRORS, {"statistic": "Minimum", "threshold": 0}),
    "a ratio never exceeds 1": (ERRORS, {"threshold": 1.5}),
    "999 of 1000 must fail": (
        ERRORS,
        {"threshold": 0.999, "comparison": Comparison.GREATER_OR_EQUAL},
    ),
    "it asks for health": (ERRORS, {"comparison": Comparison.LESS}),
    "it asks for health or a little more": (ERRORS, {"comparison": Comparison.LESS_OR_EQUAL}),
    "it is always red": (ERRORS, {"threshold": 0, "comparison": Comparison.GREATER_OR_EQUAL}),
    "no answer takes longer than a minute": (LATENCY, {"statistic": "p99", "threshold": 61e6}),
    "milliseconds of a metric in microseconds": (
        LATENCY,
        {"statistic": "p99", "threshold": 200, "comparison": Comparison.LESS},
    ),
    "no data in ten seconds": (ERRORS, {"period_seconds": 10}),
    "no data in half a minute": (ERRORS, {"period_seconds": 30}),
    "too few samples are ignored": (
        LATENCY,
        {"statistic": "p99", "threshold": 2e5, "evaluate_low_samples": False},
    ),
    "a trimmed mean cannot be judged here": (ERRORS, {"statistic": "tm90"}),
    "requests are counted, not errors": (ERRORS, {"statistic": "SampleCount", "threshold": 5}),
    "a trimmed mean is not evaluated here": (ERRORS, {"statistic": "tm90"}),
}


@pytest.mark.parametrize("why", BLIND)
def test_an_alarm_that_protects_nobody_says_why(why: str) -> None:
    metric, changed = BLIND[why]
    assert metric is not None

    assert list(blindness(alarm(**changed), metric))


@pytest.mark.parametrize(
    ("metric", "changed"),
    [
        (ERRORS, {}),
        (ERRORS, {"statistic": "Sum", "threshold": 5}),
        (ERRORS, {"statistic": "Maximum", "threshold": 0}),
        (ERRORS, {"comparison": Comparison.GREATER_OR_EQUAL}),
        (ERRORS, {"period_seconds": 300}),
        (LATENCY, {"statistic": "p90", "threshold": 59e6}),
        (LATENCY, {"statistic": "Average", "threshold": 2e5}),
    ],
)
def test_an_alarm_that_can_fire_is_not_refused_for_its_spelling(metric, changed) -> None:
    assert list(blindness(alarm(**changed), metric)) == []


def test_a_metric_that_says_nothing_about_a_request_makes_a_blind_alarm() -> None:
    metric = published("AWS/SageMaker", "Invocations")
    assert metric is not None

    for statistic, comparison in itertools.product(("Sum", "Average"), Comparison):
        assert list(blindness(alarm(statistic=statistic, comparison=comparison), metric))


def test_what_a_request_can_report_is_judged_by_the_metric_and_not_by_its_name() -> None:
    assert ERRORS is not None
    percent = replace(ERRORS, bad=100.0)

    assert list(blindness(alarm(threshold=20), percent)) == []
