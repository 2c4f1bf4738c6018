from __future__ import annotations

import pytest

import validate_data
from jobs import data_checks


@pytest.fixture
def frames(parts) -> data_checks.Frames:
    return data_checks.read(parts, validate_data.expectations().table)


def failed(frames) -> dict[str, str]:
    found = data_checks.checks(frames, validate_data.expectations())
    return {finding.name: finding.detail for finding in found if not finding.passed}


def test_an_input_that_copies_the_label_is_told(frames):
    train = frames["train"].assign(windspeed=frames["train"]["cnt"] / 10)

    told = failed(frames | {"train": train})

    assert "windspeed explains 100.00% of the label" in told["leakage: rank correlation"]


def test_too_many_missing_values_are_told(frames):
    train = frames["train"].copy()
    train.loc[train.index[:2000], "humidity"] = None

    told = failed(frames | {"train": train})

    assert told["missing values in train"].startswith("humidity is missing in 33.")
