from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import validate_data
from contract import load_contract


@pytest.fixture
def frames(parts) -> validate_data.Frames:
    return {
        part: validate_data._read(parts / part / "part.csv") for part in validate_data.tables.PARTS
    }


def failed(frames) -> dict[str, str]:
    found = validate_data.checks(frames, load_contract())
    return {finding.name: finding.detail for finding in found if not finding.passed}


def changed(frame: pd.DataFrame, column: str, value: object, rows: int = 1) -> pd.DataFrame:
    copy = frame.copy()
    copy[column] = copy[column].astype(object)
    copy.loc[copy.index[:rows], column] = value
    return copy


def test_the_real_data_passes_every_check_and_each_is_reported(script, parts, tmp_path):
    done = script("validate_data", "--input-dir", parts, "--output-dir", tmp_path)

    report = json.loads((tmp_path / "data_quality.json").read_text())
    assert done.code == 0
    assert report["passed"]
    assert len(report["checks"]) == 29
    assert all(set(check) == {"name", "passed", "detail"} for check in report["checks"])


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("cnt", None, "cnt breaks not_nullable in 1 rows"),
        ("cnt", -1, "cnt breaks greater_than_or_equal_to("),
        ("hour", 24, "hour breaks less_than_or_equal_to("),
        ("hour", None, "hour breaks not_nullable in 1 rows"),
        ("hour", "noon", "hour breaks coerce_dtype('Int64')"),
        ("temperature", 60.0, "temperature breaks less_than_or_equal_to("),
        ("weather", "Hail", "weather breaks isin("),
        ("weekday", None, "weekday breaks not_nullable in 1 rows"),
    ],
)
def test_a_value_that_the_contract_forbids_is_told_with_its_rule(frames, column, value, told):
    found = failed(frames | {"train": changed(frames["train"], column, value)})

    assert told in found["schema of train"]


def test_a_missing_and_an_unknown_column_are_both_told(frames):
    test = frames["test"].rename(columns={"hour": "registered"})

    assert failed(frames | {"test": test})["columns of test"] == (
        "misses hour; has the unknown column registered"
    )


def test_an_hour_that_occurs_twice_is_told(frames):
    test = pd.concat([frames["test"], frames["test"].head(2)])

    assert failed(frames | {"test": test})["duplicates in test"].startswith("2 hours (2011-01-")


def test_an_hour_in_train_and_test_is_told(frames):
    test = pd.concat([frames["test"], frames["train"].head(1)])

    found = failed(frames | {"test": test})

    assert found.keys() == {"overlap of train and test"}
    assert found["overlap of train and test"].startswith("1 hours (2011-01-")


def test_too_many_missing_values_are_told(frames):
    train = changed(frames["train"], "humidity", None, rows=2000)

    assert failed(frames | {"train": train})["missing values in train"].startswith(
        "humidity is missing in 33."
    )


def test_too_few_rows_are_told(frames):
    assert failed(frames | {"validation": frames["validation"].head(9)}) == {
        "rows of validation": "9 rows, needed: 100"
    }


def test_an_input_that_copies_the_label_is_told(frames):
    train = frames["train"].assign(windspeed=frames["train"]["cnt"] / 10)
    leaking = {k: v for k, v in failed(frames | {"train": train}).items() if "leakage" in k}

    assert leaking.keys() == {
        "leakage: rank correlation", "leakage: dependence on one input", "leakage: sum of inputs",
    }  # fmt: skip
    assert "windspeed explains 100.00% of the label" in leaking["leakage: rank correlation"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no CSV: No columns to parse from file"),
        ("date,hour\n2011-01-01,ä\n".encode("latin-1"), "is not UTF-8 text; save it as UTF-8"),
        (None, "there is no such file; run preprocess first"),
    ],
)
def test_an_unreadable_part_ends_with_one_clear_line_and_exit_code_3(
    script, parts, tmp_path, content, reason
):
    path = part_file(parts, tmp_path)
    path.unlink() if content is None else path.write_bytes(content)

    done = script("validate_data", "--input-dir", tmp_path / "in", "--output-dir", tmp_path / "out")

    assert done.code == 3
    assert done.reason == f"{path}: {reason}"


def test_a_failed_check_writes_the_report_first_and_exits_with_3(script, parts, tmp_path):
    path = part_file(parts, tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1].rpartition(",")[0] + ","]) + "\n")

    done = script("validate_data", "--input-dir", tmp_path / "in", "--output-dir", tmp_path / "out")

    assert done.code == 3
    assert "cnt breaks not_nullable in 1 rows (nan)" in done.reason.replace("<NA>", "nan")
    assert not json.loads((tmp_path / "out/data_quality.json").read_text())["passed"]


def part_file(parts: Path, folder: Path) -> Path:
    for part in validate_data.tables.PARTS:
        shutil.copytree(parts / part, folder / "in" / part)
    return folder / "in/train/part.csv"
