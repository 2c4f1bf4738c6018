import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.rollout import Point, Sample, aggregate, minimum_samples, timeline

VALUES = [4.0, 1.0, 3.0, 2.0]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("Average", 2.5),
        ("Sum", 10.0),
        ("SampleCount", 4.0),
        ("Minimum", 1.0),
        ("Maximum", 4.0),
        ("p0", 1.0),
        ("p25", 1.0),
        ("p25.01", 2.0),
        ("p50", 2.0),
        ("p99", 4.0),
        ("p100", 4.0),
    ],
)
def test_a_statistic_is_cloudwatchs(statistic: str, expected: float) -> None:
    assert aggregate(statistic, VALUES) == expected


def test_a_p99_of_a_hundred_forgives_one_outlier_and_of_ninety_nine_none() -> None:
    assert aggregate("p99", [1.0] * 99 + [9.0]) == 1.0
    assert aggregate("p99", [1.0] * 98 + [9.0]) == 9.0


@pytest.mark.parametrize("statistic", ["average", "p101", "p-1", "p99,9", "tm99", ""])
def test_an_unknown_statistic_is_refused_by_its_name(statistic: str) -> None:
    with pytest.raises(ValueError, match="unknown statistic"):
        aggregate(statistic, VALUES)


@pytest.mark.parametrize("statistic", ["Average", "Sum", "p99"])
def test_a_statistic_of_nothing_is_refused(statistic: str) -> None:
    with pytest.raises(ValueError, match="no values"):
        aggregate(statistic, [])


@pytest.mark.parametrize(
    ("statistic", "samples"),
    [
        ("p99", 1000),
        ("p99.9", 10_000),
        ("p90", 100),
        ("p50", 20),
        ("p10", 100),
        ("p1", 1000),
        ("p100", 0),
        ("p0", 0),
        ("Average", 0),
    ],
)
def test_a_percentile_needs_ten_samples_on_its_thin_side(statistic: str, samples: int) -> None:
    assert minimum_samples(statistic) == samples


def test_each_period_has_its_own_point_and_an_empty_one_has_none() -> None:
    samples = [Sample(at=at, value=value) for at, value in [(0, 1), (59.9, 3), (60, 5), (180, 7)]]

    points = timeline(samples, statistic="Average", period_seconds=60, start=0, end=240)

    assert points == [
        Point(value=2, samples=2),
        Point(value=5, samples=1),
        None,
        Point(value=7, samples=1),
    ]


def test_periods_begin_at_multiples_of_their_length() -> None:
    samples = [Sample(at=at, value=1) for at in (10, 30, 59, 61, 89, 90)]

    points = timeline(samples, statistic="Sum", period_seconds=60, start=30, end=90)

    assert points == [Point(value=2, samples=2), Point(value=2, samples=2)]


def test_no_time_has_no_points() -> None:
    assert timeline([], statistic="Sum", period_seconds=60, start=120, end=60) == []


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), share=st.integers(1, 100))
def test_a_percentile_is_a_value_that_its_share_does_not_exceed(
    values: list[float], share: int
) -> None:
    found = aggregate(f"p{share}", values)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    assert sum(value < found for value in values) * 100 < share * len(values)


@given(
    at=st.lists(st.floats(0, 1000), max_size=60),
    period=st.sampled_from((10, 60, 300)),
    end=st.integers(1, 1200),
)
def test_every_sample_within_the_time_is_in_exactly_one_point(
    at: list[float], period: int, end: int
) -> None:
    samples = [Sample(at=moment, value=1) for moment in at]

    points = timeline(samples, statistic="Sum", period_seconds=period, start=0, end=end)

    assert len(points) == -(-end // period)
    assert sum(p.samples for p in points if p) == sum(moment < end for moment in at)
    assert sum(p.value for p in points if p) == sum(moment < end for moment in at)
