import json

import numpy as np
import pytest

from mlops.container.monitoring.strata import Strata

STRATA = np.array([0, 0, 0, 0, 1, 1, 2])
BINS = np.array([0, 0, 0, 1, 1, 1, 0])
KNOWN = np.array([True] * 6 + [False])


@pytest.fixture
def strata() -> Strata:
    return Strata.of(STRATA, KNOWN, BINS, 2)


def test_rows_without_a_stratum_belong_to_none(strata: Strata) -> None:
    assert {key: counts.tolist() for key, counts in strata.counts.items()} == {0: [3, 1], 1: [0, 2]}


def test_one_stratum_is_its_own_rows(strata: Strata) -> None:
    weighted = strata.weighted(np.array([9, 0, 0]))

    assert weighted is not None
    assert weighted.tolist() == [3, 1]


def test_the_mix_of_the_baseline_gives_the_baseline_back(strata: Strata) -> None:
    weighted = strata.weighted(np.array([400, 200, 0]))

    assert weighted is not None
    assert weighted == pytest.approx([3, 3])


def test_another_mix_has_its_shares_and_fewer_rows(strata: Strata) -> None:
    weighted = strata.weighted(np.array([1, 3, 0]))

    assert weighted is not None
    assert weighted / weighted.sum() == pytest.approx([0.25 * 0.75, 0.25 * 0.25 + 0.75])
    assert weighted.sum() == pytest.approx(1 / (0.25**2 / 4 + 0.75**2 / 2))


def test_the_effective_rows_predict_how_much_a_weighted_share_varies() -> None:
    draw = np.random.default_rng(1)
    rows, chances, mix = np.array([400, 100]), (0.5, 0.5), np.array([300, 700])
    shares = [(mix / mix.sum() * draw.binomial(rows, chances) / rows).sum() for _ in range(4000)]
    strata = Strata(counts={n: np.array([rows[n] // 2, rows[n] // 2]) for n in range(2)})

    weighted = strata.weighted(mix)

    assert weighted is not None
    assert np.var(shares) == pytest.approx(0.25 / weighted.sum(), rel=0.1)


def test_strata_that_the_baseline_lacks_are_left_out(strata: Strata) -> None:
    some = strata.weighted(np.array([5, 0, 50]))

    assert some is not None
    assert some.tolist() == [3, 1]
    assert strata.weighted(np.array([0, 0, 50])) is None


def test_strata_come_back_from_their_file(strata: Strata) -> None:
    read = Strata.read(json.loads(json.dumps(strata.to_json())), 2)

    assert read.to_json() == strata.to_json()
    with pytest.raises(ValueError, match="do not fit"):
        Strata.read({"0": [1, 2, 3]}, 2)
