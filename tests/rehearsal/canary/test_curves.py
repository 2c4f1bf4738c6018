"""What CloudWatch would have of a deployment."""

from collections.abc import Mapping

import pytest

from mlops.dashboards import Recorded
from mlops.rehearsal.canary.curves import Curves
from mlops.rehearsal.canary.metrics import Metrics
from mlops.rehearsal.canary.router import Invocation

FLEET = {"EndpointName": "mlops-prod-tiny", "VariantName": "AllTraffic"}
BLUE = FLEET | {"EndpointConfigName": "blue: version 1"}
GREEN = FLEET | {"EndpointConfigName": "green: version 2"}


@pytest.fixture
def curves() -> list[Recorded]:
    """Two minutes: five requests a minute, the last of each to the new fleet, which fails."""
    metrics = Metrics()
    for number in range(10):
        green = number % 5 == 4
        metrics.record(
            Invocation(
                at=12.0 * number,
                fleet="green" if green else "blue",
                status=500 if green else 200,
                reached=True,
                model_seconds=0.2 if green else 0.02,
                overhead_seconds=0.001,
            )
        )
    metrics.record_probe(at=61.0, of_candidate=True, wrong=True)
    versions = {"old-fleet": "1", "new-fleet": "2"}
    found = Curves(metrics=metrics, endpoint="mlops-prod-tiny", versions=versions, ended=120.0)
    return list(found.all())


def points(
    curves: list[Recorded], name: str, statistic: str, dimensions: Mapping[str, str]
) -> tuple[tuple[float, float], ...]:
    (found,) = [
        one
        for one in curves
        if (one.name, one.statistic, one.dimensions) == (name, statistic, dimensions)
    ]
    return found.points


def test_requests_are_counted_by_minute_in_all_and_by_fleet(curves: list[Recorded]) -> None:
    assert points(curves, "Invocations", "Sum", FLEET) == ((0, 5), (1, 5))
    assert points(curves, "Invocations", "Sum", BLUE) == ((0, 4), (1, 4))
    assert points(curves, "Invocations", "Sum", GREEN) == ((0, 1), (1, 1))


def test_the_endpoint_sees_a_bad_canary_diluted_and_its_own_dimension_does_not(
    curves: list[Recorded],
) -> None:
    assert points(curves, "Invocation5XXErrors", "Average", FLEET) == ((0, 0.2), (1, 0.2))
    assert points(curves, "Invocation5XXErrors", "Average", GREEN) == ((0, 1), (1, 1))
    assert points(curves, "Invocation5XXErrors", "Average", BLUE) == ((0, 0), (1, 0))


def test_latency_is_in_microseconds(curves: list[Recorded]) -> None:
    assert points(curves, "ModelLatency", "p99", GREEN) == ((0, 200_000), (1, 200_000))
    assert points(curves, "ModelLatency", "p50", FLEET) == ((0, 20_000), (1, 20_000))


def test_a_minute_without_a_probe_has_no_point(curves: list[Recorded]) -> None:
    probed = {"EndpointName": "mlops-prod-tiny", "ModelVersion": "2"}

    assert points(curves, "WrongAnswers", "Average", probed) == ((1, 1),)
