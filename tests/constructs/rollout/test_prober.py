"""The prober knows all that it needs from its environment, and may do little."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.rollout.prober import Prober, answer_seconds


@pytest.fixture(scope="module")
def prober(
    render: Callable[..., Any],
    key_in: Callable[..., Any],
    release_of: Callable[..., Release],
    handlers: Path,
) -> Any:
    return render(
        lambda stack: Prober(
            stack, "Prober", release=release_of(), archive=handlers, key=key_in(stack)
        )
    )


def test_it_looks_each_minute(prober: Any) -> None:
    schedule = prober.only("AWS::Scheduler::Schedule")

    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0


def test_its_environment_says_what_to_probe_and_how_often(prober: Any) -> None:
    function = prober.only("AWS::Lambda::Function")

    assert function["Handler"] == "mlops_handlers.rollout.prober.handler"
    assert function["Environment"]["Variables"] == {
        "ANSWER_SECONDS": "10",
        "CONTRACT": "contract.json",
        "ENDPOINT_NAME": "acme-prod-churn",
        "PACKAGES": "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn",
        "PROBES_PER_MINUTE": "150",
        "VERSION": "3",
    }


def test_it_publishes_in_one_namespace_and_calls_one_endpoint(prober: Any) -> None:
    statements = next(s for s in prober.roles().values() if "PublishScores" in s)

    assert statements["PublishScores"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "Mlops/Serving"}
    }
    assert statements["ProbeTheEndpoint"]["Resource"].endswith("endpoint/acme-prod-churn")


@pytest.mark.parametrize("stage", ["dev", "test", "prod"])
def test_probes_suffice_for_a_verdict_whether_or_not_anybody_calls_the_stage(
    release_of: Callable[..., Release], stage: str
) -> None:
    traffic = release_of(stage).traffic

    # 100 requests within 10 minutes at a tenth of the traffic, half as much again for chance.
    assert traffic.probes_per_minute == 150
    assert traffic.callers_per_minute == (300 if stage == "prod" else 0)


def test_a_stage_may_have_callers_of_its_own(release_of: Callable[..., Release]) -> None:
    release = release_of("test", stage_requests_per_minute={"test": 40})

    assert release.traffic.callers_per_minute == 40


@pytest.mark.parametrize(
    ("latency_p99_ms", "seconds"), [(100, 10), (5_000, 10), (8_000, 16), (22_500, 45), (60_000, 45)]
)
def test_an_answer_has_twice_its_objective_within_the_minute(
    latency_p99_ms: float, seconds: float
) -> None:
    assert answer_seconds(latency_p99_ms) == seconds
