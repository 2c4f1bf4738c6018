from __future__ import annotations

import numpy as np
import pytest

from jobs import resampling

ROWS = 400
VALUES = np.random.default_rng(1).normal(10, 2, ROWS)


def mean(sums):
    return {"mean": float(sums[1] / sums[0])}


def bounds(clusters):
    addends = np.stack([np.ones(ROWS), VALUES], axis=1)
    return resampling.bounded_sums(addends, clusters, mean)["mean"]


def test_the_bounds_of_a_mean_are_those_of_its_standard_error():
    found = bounds(list(range(ROWS)))

    error = VALUES.std() / ROWS**0.5
    assert found["value"] == pytest.approx(VALUES.mean())
    assert found["low"] == pytest.approx(VALUES.mean() - 1.96 * error, abs=0.3 * error)
    assert found["high"] == pytest.approx(VALUES.mean() + 1.96 * error, abs=0.3 * error)


def test_the_draw_is_repeatable():
    assert bounds(list(range(ROWS))) == bounds(list(range(ROWS)))


def test_every_resample_draws_as_many_clusters_as_there_are():
    drawn = np.concatenate(list(resampling.draws(7)))

    assert drawn.shape == (resampling.RESAMPLES, 7)
    assert set(drawn.sum(axis=1)) == {7.0}
    assert np.mean(drawn) == pytest.approx(1.0)


def test_many_clusters_come_in_blocks_that_fit_into_memory():
    drawn = list(resampling.draws(100_000))

    assert {times.shape for times in drawn} == {(20, 100_000)}
    assert len(drawn) == resampling.RESAMPLES / 20


def test_clusters_are_numbered_as_they_appear():
    assert resampling.numbered(["b", "a", "b", (1, 2)]).tolist() == [0, 1, 0, 2]
