"""What a version is asked besides the examples: every kind of row, in every form of request."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.jobs.contract import Contract, Field
from mlops.container.jobs.job import DataError
from mlops.container.jobs.payload import read_request
from mlops.container.jobs.probe_cases import LEAST_ROWS, MOST_ROWS, picked, probe_cases

FIELDS = (
    Field(name="hour", type="integer", min=0, max=23),
    Field(name="weather", type="string", allowed=("Clear", "Mist", "Snow"), nullable=True),
    Field(name="holiday", type="boolean"),
    Field(name="note", type="string", nullable=True),
)
CONTRACT = Contract(
    name="hours", target="demand", input=FIELDS, output=(), gates=(), personal_fields=(),
    cases=(
        {"name": "one", "request": {"hour": 3, "weather": "Mist", "holiday": True}},
        {"name": "two", "request": {"instances": [{"hour": 4, "weather": None, "holiday": False}]}},
        {"name": "table", "request": "hour,weather,holiday\n5,Snow,false\n6,Clear,true\n"},
    ),
)  # fmt: skip
VALUES = st.fixed_dictionaries(
    {
        "hour": st.integers(0, 23),
        "weather": st.sampled_from(["Clear", "Mist", "Snow", None]),
        "holiday": st.booleans(),
        "note": st.none() | st.sampled_from(["", " a ", "a,b", '"', "x"]),
    }
)


@pytest.fixture
def part(tmp_path):
    """The held-out part: a hundred ordinary rows, and one snowy holiday."""
    rows = [f"2012,{n % 24},Clear,false,x,{n}\n" for n in range(100)]
    rows[70] = "2012,9,Snow,true,,70\n"
    (tmp_path / "part.csv").write_text("year,hour,weather,holiday,note,demand\n" + "".join(rows))
    return tmp_path


def rows_of(case):
    request = read_request(
        case["request"] if isinstance(case["request"], str) else json.dumps(case["request"]),
        case["content_type"],
        CONTRACT,
    )
    return request.rows


def test_every_row_is_asked_alone_and_among_others_as_json_and_as_csv(part):
    asked = probe_cases(CONTRACT, part)

    forms = {(case["content_type"], case["accept"]) for case in asked}
    assert forms == {
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("text/csv", "application/json"),
    }
    assert {len(rows_of(case)) for case in asked} == {1, 8}
    assert {case["name"].rpartition("-")[0] for case in asked} == {
        "row-json", "row-csv", "rows-json", "instances-json", "rows-csv", "rows-csv-to-json",
    }  # fmt: skip


def test_the_one_row_of_its_kind_is_asked_in_every_form(part):
    snowy = [
        case for case in probe_cases(CONTRACT, part)
        if any(row["weather"] == "Snow" for row in rows_of(case))
    ]  # fmt: skip

    assert len({case["name"].rpartition("-")[0] for case in snowy}) == 6


def test_the_label_and_what_is_no_field_are_not_asked(part):
    for case in probe_cases(CONTRACT, part):
        assert all(row.keys() <= set(CONTRACT.input_names) for row in rows_of(case))


@pytest.mark.parametrize("personal", [None, ("note",)])
def test_where_a_row_may_tell_of_a_person_the_examples_rows_are_asked(tmp_path, personal):
    contract = dataclasses.replace(CONTRACT, personal_fields=personal)

    asked = probe_cases(contract, tmp_path / "there is no part here")

    assert sorted({row["hour"] for case in asked for row in rows_of(case)}) == [3, 4, 5, 6]
    assert len({(case["content_type"], case["accept"]) for case in asked}) == 3


def test_a_part_that_is_missing_is_told(tmp_path):
    with pytest.raises(DataError, match=r"part\.csv: there is no such file; run preprocess first"):
        probe_cases(CONTRACT, tmp_path)


@given(rows=st.lists(VALUES, min_size=1, max_size=120))
def test_every_value_that_occurs_among_few_is_picked(rows):
    found = picked(rows, FIELDS)

    for name in ("weather", "holiday"):
        assert {row[name] for row in found} == {row[name] for row in rows}
    assert min(LEAST_ROWS, len(rows)) <= len(found) <= MOST_ROWS
    assert all(row in rows for row in found)


def test_rows_are_bounded_however_many_values_there_are():
    many = (Field(name="store", type="integer", allowed=tuple(range(500))),)

    assert len(picked([{"store": n} for n in range(500)], many)) == MOST_ROWS


@given(rows=st.lists(VALUES, min_size=1, max_size=20))
def test_a_request_as_csv_says_the_same_rows(rows):
    from mlops.container.jobs.probe_cases import _cases

    known = [json.dumps(row, sort_keys=True) for row in rows]
    for case in _cases(rows, FIELDS):
        for row in rows_of(case):
            full = {name: row.get(name) for name in CONTRACT.input_names}
            assert json.dumps(full, sort_keys=True) in known


def test_the_same_request_has_the_same_name_and_another_one_another(part):
    once, again = probe_cases(CONTRACT, part), probe_cases(CONTRACT, part)

    assert once == again
    assert len({case["name"] for case in once}) == len(once)
