import re

import pytest
from botocore.loaders import Loader
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout.statistic import PLAIN, is_statistic

_checked = settings(max_examples=300)


def test_every_plain_statistic_of_the_api_is_known() -> None:
    shapes = Loader().load_service_model("cloudwatch", "service-2")["shapes"]

    assert set(shapes["Statistic"]["enum"]) | {"IQM"} == set(PLAIN)


def test_every_extended_statistic_of_the_apis_own_page_is_known() -> None:
    shapes = Loader().load_service_model("cloudwatch", "service-2")["shapes"]
    page = shapes["PutMetricAlarmInput"]["members"]["ExtendedStatistic"]["documentation"]
    codes = re.findall(r"<code>([^<]+)</code>", re.sub(r"</?i>", "", page))
    names = [code.replace("n:m", "1:2").replace("X%:X%", "10%:90%") for code in codes]

    examples = [name for name in names if re.search(r"\d|IQM", name)]
    assert len(examples) >= 10
    assert [name for name in examples if not is_statistic(name)] == []


@_checked
@given(
    kind=st.sampled_from(["p", "tm", "tc", "ts", "wm"]),
    share=st.decimals(0, 100, places=3, allow_nan=False),
)
def test_every_share_of_a_hundred_is_one(kind: str, share: object) -> None:
    assert is_statistic(f"{kind}{share}")


@_checked
@given(low=st.integers(0, 99), high=st.integers(0, 99))
def test_a_trimmed_statistic_is_bounded_by_10_and_90_percent(low: int, high: int) -> None:
    assert is_statistic(f"TM({low}%:{high}%)") is (10 <= low < high <= 90)


@pytest.mark.parametrize("name", ["PR(:300)", "PR(100:)", "PR(-1.5:2)", "p0", "p100", "p99.99"])
def test_ranks_may_be_open_and_percentiles_fractions(name: str) -> None:
    assert is_statistic(name)


@pytest.mark.parametrize(
    "name",
    [
        "Averge", "average", "p", "p101", "p100.1", "p-1", "p9,9", "p99 ", "P99", "tm(90)",
        "TM(90%)", "TM(10%:90)", "PR(:)", "PR(3:2)", "PR(1%:2%)", "IQM90", "", "p0.00000000001",
    ],
)  # fmt: skip
def test_everything_else_is_refused(name: str) -> None:
    assert not is_statistic(name)
