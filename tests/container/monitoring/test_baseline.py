from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlops.container.monitoring import Baseline, MonitoringError, Schema

Table = dict[str, list[Any]]


def test_every_field_is_counted_once(schema: Schema, table: Callable[..., Table]) -> None:
    columns = table(1000, temperature=[None] * 100 + [float(n) for n in range(900)])

    baseline = Baseline.of(schema, columns)

    assert list(baseline.references) == ["temperature", "hour", "weekday", "holiday", "demand"]
    temperature = baseline.references["temperature"]
    assert (temperature.rows, temperature.missing, temperature.present) == (1000, 100, 900)
    assert temperature.moments.mean == np.mean(range(900))
    assert baseline.references["holiday"].frame.bins.to_json() == {"categories": ["false", "true"]}


def test_predictions_may_be_left_out(schema: Schema, table: Callable[..., Table]) -> None:
    columns = table(100)
    del columns["demand"]

    assert [field.name for field in Baseline.of(schema, columns).fields] == [
        "temperature", "hour", "weekday", "holiday",
    ]  # fmt: skip


@pytest.mark.parametrize("gone", ["hour", "weekday"])
def test_a_missing_column_is_refused(
    schema: Schema, table: Callable[..., Table], gone: str
) -> None:
    columns = table(100)
    del columns[gone]

    with pytest.raises(MonitoringError, match=f"has no column {gone}"):
        Baseline.of(schema, columns)


@pytest.mark.parametrize(
    ("name", "values"), [("temperature", [None] * 50), ("weekday", [7] * 50), ("hour", ["x"] * 50)]
)
def test_a_column_without_a_usable_value_is_refused(
    schema: Schema, table: Callable[..., Table], name: str, values: list[Any]
) -> None:
    with pytest.raises(MonitoringError, match=rf"holds no \w+ in {name}"):
        Baseline.of(schema, table(50, **{name: values}))


def test_how_much_of_an_equal_sample_would_be_new_is_estimated(
    schema: Schema, table: Callable[..., Table]
) -> None:
    days = ["Mon"] * 97 + ["Tue"] * 2 + ["Wed"]

    baseline = Baseline.of(schema, table(100, weekday=days))

    assert baseline.references["weekday"].novel == 1
    assert baseline.references["temperature"].novel == 2


def test_categories_beyond_the_limit_count_as_new(
    schema: Schema, table: Callable[..., Table]
) -> None:
    words = [f"w{n % 250:03}" for n in range(500)]

    assert Baseline.of(schema, table(500, weekday=words)).references["weekday"].novel == 100


@pytest.mark.parametrize("rows", [50, 400])
def test_two_new_numbers_in_an_equal_sample_is_what_really_happens(rows: int) -> None:
    draw = np.random.default_rng(rows)
    new = []
    for _ in range(3000):
        one, other = draw.normal(size=(2, rows))
        new.append(((other < one.min()) | (other > one.max())).sum())

    assert np.mean(new) == pytest.approx(2, rel=0.1)
