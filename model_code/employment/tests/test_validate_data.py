from __future__ import annotations

import pandas as pd
import pytest

import validate_data
from jobs import data_checks


@pytest.fixture
def frames(parts) -> data_checks.Frames:
    return data_checks.read(parts, validate_data.expectations().table)


def failed(frames) -> dict[str, str]:
    found = data_checks.checks(frames, validate_data.expectations())
    return {finding.name: finding.detail for finding in found if not finding.passed}


def test_a_household_in_two_parts_is_told(frames):
    neighbour = frames["train"].head(1).assign(person=9)
    test = pd.concat([frames["test"], neighbour])

    assert failed(frames | {"test": test}).keys() == {"overlap of train and test"}


def test_a_code_of_the_label_among_the_inputs_is_told(frames):
    train = frames["train"]
    leaking = train.assign(ancestry=train["employed"].map({True: "1", False: "2"}))

    told = failed(frames | {"train": leaking})["leakage: dependence on one input"]

    assert told == "ancestry explains 100.00% of the label, allowed: 98%"


def test_more_people_who_were_not_asked_are_told(frames):
    train = frames["train"].copy()
    train.loc[train.index[: len(train) // 2], "military"] = None

    told = failed(frames | {"train": train})["missing values in train"]

    assert told.startswith("military is missing in 5")
