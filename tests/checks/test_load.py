"""The endpoint is judged, not the generator; and a generator that was late judges nobody."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from mlops.checks import load as load_module
from mlops.checks.clients import Clients
from mlops.checks.generator import NOT_SENT, Sent
from mlops.checks.load import FEWEST_PER_MINUTE, MOST_PER_MINUTE, Rate, findings, load
from mlops.checks.plan import PlannedRelease, Traffic
from mlops.checks.result import Finding, Status


def sent(seconds: float = 0.1, *, lag: float = 0.0, error: str | None = None) -> Sent:
    return Sent(planned=1.0, lag=lag, seconds=seconds + lag, error=error)


@pytest.fixture
def traffic(release: PlannedRelease) -> Traffic:
    """300 ms at the 99th percentile, 2 % errors."""
    return release.traffic


def judged(ledger: Iterable[Sent], traffic: Traffic) -> dict[str, Finding]:
    return dict(findings(list(ledger), traffic, Rate.of(traffic)))


def test_what_keeps_its_promises_passes(traffic: Traffic) -> None:
    found = judged([sent()] * 360, traffic)

    assert {finding.status for finding in found.values()} == {Status.PASSED}
    assert found["latency"].detail.startswith("p99 100 ms from the planned moment")


@pytest.mark.parametrize(("slow", "status"), [(3, Status.PASSED), (4, Status.FAILED)])
def test_one_request_in_a_hundred_may_be_slow(traffic: Traffic, slow: int, status: Status) -> None:
    ledger = [sent(0.31)] * slow + [sent()] * (300 - slow)

    assert judged(ledger, traffic)["latency"].status is status


@pytest.mark.parametrize(("wrong", "status"), [(6, Status.PASSED), (7, Status.FAILED)])
def test_as_many_errors_as_the_contract_allows_pass(
    traffic: Traffic, wrong: int, status: Status
) -> None:
    ledger = [sent(error="503")] * wrong + [sent()] * (300 - wrong)

    found = judged(ledger, traffic)["errors"]

    assert found.status is status
    assert ("7 x 503" in found.detail) is (status is Status.FAILED)


def test_a_late_generator_makes_good_figures_invalid(traffic: Traffic) -> None:
    found = judged([sent(lag=0.15)] * 10 + [sent()] * 290, traffic)

    assert found["errors"].status is Status.INVALID
    assert found["latency"].status is Status.INVALID
    assert "left 150 ms late or more" in found["latency"].detail


def test_a_late_generator_does_not_blame_the_endpoint_for_its_own_wait(traffic: Traffic) -> None:
    found = judged([sent(lag=2.0)] * 300, traffic)

    assert found["latency"].status is Status.INVALID


def test_an_endpoint_that_is_slow_from_the_departure_fails_however_late_the_generator(
    traffic: Traffic,
) -> None:
    found = judged([sent(2.0, lag=1.0)] * 300, traffic)

    assert found["latency"].status is Status.FAILED


def test_a_wait_that_a_punctual_generator_could_have_is_the_endpoints_own(
    traffic: Traffic,
) -> None:
    """Too slow from the planned moment, and neither the generator nor the answer alone is."""
    found = judged([sent(0.25, lag=0.09)] * 300, traffic)["latency"]

    assert found.status is Status.FAILED
    assert found.detail.startswith("p99 340 ms from the planned moment")


def test_errors_count_however_late_the_generator(traffic: Traffic) -> None:
    assert judged([sent(lag=1, error="503")] * 300, traffic)["errors"].status is Status.FAILED


@pytest.mark.parametrize("ledger", [[], [sent(lag=11, error=NOT_SENT)] * 300])
def test_nothing_sent_is_no_pass(traffic: Traffic, ledger: list[Sent]) -> None:
    assert judged(ledger, traffic)["errors"].status is Status.INVALID


def test_what_the_generator_could_not_send_is_no_error_of_the_endpoint(traffic: Traffic) -> None:
    unsent = [sent(0, lag=11, error=NOT_SENT)]

    few, many = (
        judged(unsent * 3 + [sent()] * 300, traffic),
        judged(unsent * 30 + [sent()] * 300, traffic),
    )

    assert few["errors"].detail == "0.00% of 300 requests; allowed: 2.00%"
    assert many["errors"].status is Status.INVALID
    assert many["latency"].status is Status.INVALID


def test_what_is_asked_while_the_fleet_warms_up_is_not_judged(
    described: Any, clients: Clients, release: PlannedRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = release.traffic.warm_up_seconds
    cold = Sent(planned=warm - 0.01, lag=0.0, seconds=9.0, error="503")
    first = Sent(planned=warm, lag=0.0, seconds=0.1, error=None)
    monkeypatch.setattr(load_module, "generate", lambda *_, **__: [cold, first, first])

    results = {r.question.name: r.finding for r in load(release, clients)}

    assert results["errors"].detail == "0.00% of 2 requests; allowed: 2.00%"
    assert results["latency"].status is Status.PASSED


@pytest.mark.parametrize(
    ("expected", "rate"),
    [(1, FEWEST_PER_MINUTE), (1000, 1500), (1_000_000, MOST_PER_MINUTE)],
)
def test_the_rate_is_the_expected_one_within_what_proves_something(
    traffic: Traffic, expected: float, rate: float
) -> None:
    asked = replace(traffic, requests_per_minute=float(expected), factor=1.5)

    assert Rate.of(asked).sent == rate


def test_more_than_one_generator_can_send_is_told(traffic: Traffic) -> None:
    found = judged([sent()] * 300, replace(traffic, requests_per_minute=1e6))

    assert found["rate"].status is Status.SKIPPED
    assert "1e+06 a minute are expected, one generator sends 6000" in found["rate"].detail


def test_an_endpoint_under_real_load_is_judged_by_its_answers(
    endpoint: Any,
    described: Any,
    clients: Clients,
    release: PlannedRelease,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The machine of the tests may be busy: what is asked here is how a run is made, not how fast.
    monkeypatch.setattr(load_module, "LATE_SECONDS", 30.0)
    patient = replace(release.traffic, latency_p99_ms=20_000)

    results = {r.question.name: r.finding for r in load(replace(release, traffic=patient), clients)}

    assert list(results) == ["rate", "errors", "latency", "machines"]
    assert results["errors"].detail.startswith("0.00% of ")
    assert results["machines"].detail == "2 before, 2 after"
    planned = 3000 / 60 * (0.03 * 60 + 0.2)
    assert len(endpoint.requests) == pytest.approx(planned, rel=0.3)


def test_an_endpoint_that_answers_errors_fails(
    endpoint: Any, described: Any, clients: Clients, release: PlannedRelease
) -> None:
    endpoint.status = 503

    results = {r.question.name: r.finding for r in load(release, clients)}

    assert results["errors"].status is Status.FAILED
    assert "ClientError" in results["errors"].detail


def test_a_slow_endpoint_fails(
    endpoint: Any, described: Any, clients: Clients, release: PlannedRelease
) -> None:
    endpoint.delay = 0.5

    results = {r.question.name: r.finding for r in load(release, clients)}

    assert results["latency"].status is Status.FAILED


def test_an_endpoint_that_cannot_be_seen_is_told_and_not_asked(
    endpoint: Any, aws: Any, clients: Clients, release: PlannedRelease
) -> None:
    aws.refuse("DescribeEndpoint", "AccessDeniedException")

    (result,) = load(release, clients)

    assert result.finding.status is Status.FAILED
    assert endpoint.requests == []
