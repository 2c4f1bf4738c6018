"""Single data points against sums over every number of requests, term by term."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import AlarmWindow, Arrivals, Load, Signal, aggregate, data_point
from mlops.rollout import rollback_signals as signals_of
from mlops.rollout.counts import _rates, most_good


def _signal(key: str, ratio: float = 0.02) -> Signal:
    found = signals_of(
        error_ratio=ratio, model_error_ratio=ratio, latency_p99_ms=300, window=AlarmWindow()
    )
    return {signal.key: signal for signal in found}[key]


ERRORS, LATENCY = _signal("server-errors"), _signal("latency")


def _poisson(count: int, mean: float) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) if mean else 0.0**count


def _breaches(signal: Signal, bad: int, good: int) -> bool:
    """What CloudWatch would make of the requests themselves."""
    values = [1e9 if signal.unit == "Microseconds" else 1.0] * bad + [0.0] * good
    return aggregate(signal.statistic, values) > signal.threshold


@pytest.mark.parametrize("signal", [ERRORS, LATENCY, _signal("server-errors", 0.3)])
def test_so_many_good_requests_and_no_more_leave_a_data_point_bad(signal: Signal) -> None:
    for bad in (1, 2, 7, 50):
        most = most_good(signal)(bad)

        assert _breaches(signal, bad, int(most))
        assert not _breaches(signal, bad, int(most) + 1)


@settings(max_examples=200)
@given(ratio=st.floats(1e-4, 0.999), bad=st.integers(1, 5000))
def test_a_ratio_is_compared_as_a_quotient_of_floats(ratio: float, bad: int) -> None:
    most = int(most_good(_signal("server-errors", ratio))(bad))

    assert bad / (bad + most) > ratio or most == 0
    assert bad / (bad + most + 1) <= ratio


@pytest.mark.parametrize("signal", [ERRORS, LATENCY])
@pytest.mark.parametrize("mean", [0.3, 5, 49, 120])
@pytest.mark.parametrize("bad", [0.001, 0.051, 0.6])
def test_a_breach_is_the_sum_over_every_number_of_requests(
    signal: Signal, mean: float, bad: float
) -> None:
    expected = math.fsum(
        _poisson(n, mean) * math.comb(n, k) * bad**k * (1 - bad) ** (n - k)
        for n in range(1, round(mean + 9 * math.sqrt(mean) + 20))
        for k in range(1, n + 1)
        if _breaches(signal, k, n - k)
    )

    found = data_point(signal, Load(callers=mean), bad=bad, arrivals=Arrivals(), minutes=1)

    assert found.breach == pytest.approx(expected, abs=1e-9)
    assert found.silence == pytest.approx(math.exp(-mean))


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_probes_are_a_fixed_number_of_which_chance_brings_the_share(share: float) -> None:
    bad, probes = 0.02, 60
    expected = math.fsum(
        math.comb(probes, n) * share**n * (1 - share) ** (probes - n)
        * math.comb(n, k) * bad**k * (1 - bad) ** (n - k)
        for n in range(1, probes + 1)
        for k in range(1, n + 1)
        if _breaches(ERRORS, k, n - k)
    )  # fmt: skip

    load = Load.of(callers=0, probes=probes, share=share)
    found = data_point(ERRORS, load, bad=bad, arrivals=Arrivals(), minutes=1)

    assert found.breach == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("signal", [ERRORS, LATENCY, _signal("server-errors", 0.05)])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("sent", [1, 7, 40])
def test_of_probes_alone_every_number_is_drawn_from_those_that_were_sent(
    signal: Signal, share: float, sent: int
) -> None:
    wrong = 0.1
    expected = math.fsum(
        math.factorial(sent)
        / (math.factorial(b) * math.factorial(g) * math.factorial(sent - b - g))
        * (share * wrong) ** b
        * (share * (1 - wrong)) ** g
        * (1 - share) ** (sent - b - g)
        for b in range(1, sent + 1)
        for g in range(sent - b + 1)
        if _breaches(signal, b, g)
    )
    load = Load.of(callers=0, probes=sent, share=share)

    found = data_point(signal, load, bad=wrong, arrivals=Arrivals(), minutes=1)

    assert found.breach == pytest.approx(expected, abs=1e-9)
    assert found.silence == pytest.approx((1 - share) ** sent, abs=1e-12)


def test_errors_that_come_together_are_fewer_moments_with_more_errors() -> None:
    mean, bad, together = 40.0, 0.05, 5
    expected = math.fsum(
        _poisson(moments, mean * bad / together) * _poisson(good, mean * (1 - bad))
        for moments in range(1, 12)
        for good in range(120)
        if _breaches(ERRORS, moments * together, good)
    )

    found = data_point(
        ERRORS, Load(callers=mean), bad=bad, arrivals=Arrivals(errors_together=5), minutes=1
    )

    assert found.breach == pytest.approx(expected, abs=1e-9)
    slow = data_point(
        LATENCY, Load(callers=mean), bad=bad, arrivals=Arrivals(errors_together=5), minutes=1
    )
    assert slow == data_point(LATENCY, Load(callers=mean), bad=bad, arrivals=Arrivals(), minutes=1)


@pytest.mark.parametrize("minutes", [1, 5])
@pytest.mark.parametrize("variation", [0.1, 0.5, 1.0, 1.5])
def test_a_varying_rate_has_the_mean_and_the_deviation_that_were_asked_for(
    variation: float, minutes: float
) -> None:
    rates = _rates(variation, minutes)

    mean = math.fsum(weight * factor for factor, weight in rates)
    deviation = math.sqrt(math.fsum(weight * (factor - mean) ** 2 for factor, weight in rates))
    assert mean == pytest.approx(1)
    assert deviation == pytest.approx(variation / math.sqrt(minutes), rel=0.01)


def test_many_requests_are_near_the_normal_distribution() -> None:
    load = Load(callers=5_000_000)

    found = data_point(ERRORS, load, bad=0.02, arrivals=Arrivals(), minutes=1)

    assert found.breach == pytest.approx(0.5, abs=1e-3)


def test_the_largest_of_all_is_bad_if_any_is() -> None:
    assert most_good(replace(LATENCY, statistic="p100"))(1) == math.inf
    assert most_good(_signal("server-errors", 0.0))(1) == math.inf


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        (replace(ERRORS, statistic="Maximum"), "no detection power for Maximum"),
    ],
)
def test_a_statistic_without_a_model_is_refused(signal: Signal, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        most_good(signal)
