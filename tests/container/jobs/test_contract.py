from __future__ import annotations

import json

import pytest

from mlops.container.jobs.contract import Field, Group, load_contract
from mlops.container.jobs.job import DataError


def test_the_packed_contract_is_read_with_its_fields_gates_and_examples(packed_contract):
    assert packed_contract.name == "lengths"
    assert packed_contract.target == "length"
    assert packed_contract.input_names == ("text",)
    assert packed_contract.output == (Field(name="length", type="integer", min=0),)
    assert packed_contract.gates[0]["metric"] == "mae"
    assert [case["name"] for case in packed_contract.cases] == ["batch", "plain"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"contract\.json: cannot be read \(No such file"),
        ("{", r"contract\.json: is not a contract"),
        (json.dumps({"name": "lengths"}), r"is not a contract \(KeyError\('problem'\)\)"),
    ],
)
def test_what_the_platform_did_not_pack_is_refused(tmp_path, text, told):
    if text is not None:
        (tmp_path / "contract.json").write_text(text)

    with pytest.raises(DataError, match=told):
        load_contract(tmp_path)


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        (Field(name="x", type="integer"), " 12 ", 12),
        (Field(name="x", type="integer"), "1.5", "1.5"),
        (Field(name="x", type="number"), "1.5e1", 15.0),
        (Field(name="x", type="number"), "nan", "nan"),
        (Field(name="x", type="boolean"), "TRUE", True),
        (Field(name="x", type="boolean"), "1", "1"),
        (Field(name="x", type="string"), "01", "01"),
        (Field(name="x", type="string"), "", None),
    ],
)
def test_a_cell_becomes_a_value_of_its_type_or_stays_text(field, cell, value):
    found = field.parse(cell)

    assert (found, type(found)) == (value, type(value))


def test_a_boolean_is_no_number_and_a_number_no_boolean():
    assert not Field(name="x", type="integer").accepts(True)
    assert not Field(name="x", type="boolean").accepts(1)


def test_a_field_says_what_it_allows():
    field = Field(name="x", type="integer", min=1, max=24, nullable=True)

    assert field.domain == "integer from 1 up to 24 or null"


def test_groups_are_read_with_their_names(packed_contract, tmp_path):
    groups = [{"field": "sex", "names": {"1": "Male", "2": "Female"}, "minimum_rows": 30}]
    path = tmp_path / "contract.json"
    content = json.loads(path.read_text())
    content["problem"]["groups"] = groups
    path.write_text(json.dumps(content))
    load_contract.cache_clear()

    (group,) = load_contract(tmp_path).groups

    assert group == Group(field="sex", names={"1": "Male", "2": "Female"}, minimum_rows=30)
    assert [Group.key(value) for value in ("1", True, 7)] == ["1", "true", "7"]
