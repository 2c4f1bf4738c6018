from __future__ import annotations

import json
import logging
import sys

import numpy as np
import pandas as pd
import pytest

from jobs import data_checks, tables
from jobs.contract import Field
from jobs.job import DataError
from jobs.tables import Table

TABLE = Table(
    notes=("household", "person"),
    fields=(
        Field(name="age", type="integer", min=0, max=99),
        Field(name="code", type="string", allowed=("01", "02"), nullable=True),
        Field(name="moved", type="boolean", nullable=True),
        Field(name="pay", type="number", min=0),
        Field(name="employed", type="boolean"),
    ),
)
EXPECTATIONS = data_checks.Expectations(
    table=TABLE,
    row="people",
    identity=("household", "person"),
    unit=("household",),
    minimum_rows=dict.fromkeys(tables.PARTS, 10),
    missing={"code": 0.5, "moved": 0.1},
)
ROWS = 200


def rows(number: int) -> list[dict[str, object]]:
    draw = np.random.default_rng(number)
    return [
        {
            "household": str(1000 * number + i // 2), "person": str(i % 2),
            "age": int(draw.integers(0, 99)), "code": None if i % 3 == 0 else f"0{i % 2 + 1}",
            "moved": None if i % 20 == 0 else bool(draw.integers(2)),
            "pay": float(draw.uniform(0, 9)), "employed": bool(draw.integers(2)),
        }
        for i in range(ROWS)
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for number, part in enumerate(tables.PARTS):
        tables.write_part(tmp_path / part, TABLE, rows(number))
    return tmp_path


@pytest.fixture
def frames(folder) -> data_checks.Frames:
    return data_checks.read(folder, TABLE)


def failed(frames) -> dict[str, str]:
    found = data_checks.checks(frames, EXPECTATIONS)
    return {finding.name: finding.detail for finding in found if not finding.passed}


def changed(frame: pd.DataFrame, column: str, value: object, rows: int = 1) -> pd.DataFrame:
    copy = frame.copy()
    copy[column] = copy[column].astype(object)
    copy.loc[copy.index[:rows], column] = value
    return copy


def test_good_data_passes_every_check(frames):
    assert failed(frames) == {}
    assert len(list(data_checks.checks(frames, EXPECTATIONS))) == 29


def test_codes_stay_text(frames):
    assert set(frames["train"]["code"].dropna()) == {"01", "02"}


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("employed", None, "employed breaks not_nullable in 1 rows"),
        ("age", -1, "age breaks greater_than_or_equal_to("),
        ("age", 100, "age breaks less_than_or_equal_to("),
        ("age", None, "age breaks not_nullable in 1 rows"),
        ("age", "old", "age breaks coerce_dtype('Int64')"),
        ("pay", -0.5, "pay breaks greater_than_or_equal_to("),
        ("code", "1", "code breaks isin("),
        ("moved", "perhaps", "moved breaks coerce_dtype('boolean')"),
    ],
)
def test_a_value_that_the_contract_forbids_is_told_with_its_rule(frames, column, value, told):
    found = failed(frames | {"train": changed(frames["train"], column, value)})

    assert told in found["schema of train"]


def test_a_missing_and_an_unknown_column_are_both_told(frames):
    test = frames["test"].rename(columns={"age": "years"})

    assert failed(frames | {"test": test}) == {
        "columns of test": "misses age; has the unknown column years"
    }


def test_a_row_that_occurs_twice_is_told(frames):
    test = pd.concat([frames["test"], frames["test"].head(2)])

    found = failed(frames | {"test": test})

    assert found == {"duplicates in test": "2 people (2000 0, 2000 1)"}


def test_what_belongs_together_may_not_be_in_two_parts(frames):
    other = frames["train"].head(1).assign(person="7")
    test = pd.concat([frames["test"], other])

    found = failed(frames | {"test": test})

    assert found == {"overlap of train and test": "1 household (0)"}


def test_each_field_has_its_own_share_of_missing_values(frames):
    train = changed(frames["train"], "moved", None, rows=50)

    told = failed(frames | {"train": train})["missing values in train"]

    assert told.startswith("moved is missing in 2")
    assert told.endswith("% of the rows, allowed: 10%")


def test_too_few_rows_are_told(frames):
    assert failed(frames | {"validation": frames["validation"].head(9)}) == {
        "rows of validation": "9 rows, needed: 10"
    }


def test_an_input_that_copies_the_label_is_told(frames):
    train = frames["train"].assign(pay=frames["train"]["employed"].astype(float))
    leaking = {k: v for k, v in failed(frames | {"train": train}).items() if "leakage" in k}

    assert leaking.keys() == {
        "leakage: rank correlation", "leakage: dependence on one input", "leakage: sum of inputs",
    }  # fmt: skip
    assert "pay explains 100.00% of the label" in leaking["leakage: rank correlation"]


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Run the checks as a job and read its report."""

    def run(folder):
        command = ["x", "--input-dir", str(folder), "--output-dir", str(tmp_path / "report")]
        monkeypatch.setattr(sys, "argv", command)
        try:
            data_checks.run(EXPECTATIONS, "Check people.", logging.getLogger("test"))
        finally:
            path = tmp_path / "report/data_quality.json"
            run.report = json.loads(path.read_text()) if path.exists() else None
        return run.report

    return run


def test_every_check_is_reported(ran, folder):
    report = ran(folder)

    assert report["passed"]
    assert len(report["checks"]) == 29
    assert all(set(check) == {"name", "passed", "detail"} for check in report["checks"])


def test_a_failed_check_writes_the_report_first(ran, folder):
    path = folder / "train/part.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1].rpartition(",")[0] + ","]) + "\n")

    with pytest.raises(DataError, match="employed breaks not_nullable in 1 rows"):
        ran(folder)

    assert not ran.report["passed"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not CSV: No columns to parse from file"),
        ("age\nä".encode("latin-1"), "is not UTF-8 text; save it as UTF-8"),
        (None, "there is no such file; run preprocess first"),
    ],
)
def test_an_unreadable_part_is_told_in_one_line(folder, content, reason):
    path = folder / "train/part.csv"
    path.unlink() if content is None else path.write_bytes(content)

    with pytest.raises(DataError) as caught:
        data_checks.read(folder, TABLE)

    assert str(caught.value) == f"{path}: {reason}"
