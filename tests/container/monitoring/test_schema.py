from typing import Any

import pytest

from mlops.container.monitoring import Field, MonitoringError, Schema


def test_a_packed_contract_gives_both_sides_in_order(contract: dict[str, Any]) -> None:
    schema = Schema.read(contract)

    assert [field.name for field in schema.input] == ["temperature", "hour", "weekday", "holiday"]
    assert schema.output == (Field(name="demand", type="number", min=0),)
    assert schema.input[2].allowed == ("Mon", "Tue", "Wed")
    assert schema.input[0].nullable


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "is not a contract"),
        ({"schema": {"input": [], "output": [{"type": "number"}]}}, "is not a contract"),
        ({"schema": None}, "is not a contract"),
        ({"schema": {"input": [{"name": "a", "type": "date"}], "output": []}}, "a is a date"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(content: dict[str, Any], said: str) -> None:
    with pytest.raises(MonitoringError, match=said):
        Schema.read(content)


def test_a_name_on_both_sides_is_refused(contract: dict[str, Any]) -> None:
    contract["schema"]["output"][0]["name"] = "hour"

    with pytest.raises(MonitoringError, match="hour stands for two of request, answer"):
        Schema.read(contract)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("integer", " 7 ", 7),
        ("integer", "-12", -12),
        ("integer", "7.0", "7.0"),
        ("integer", "1_000", "1_000"),
        ("number", "7", 7.0),
        ("number", "-.5e2", -50.0),
        ("number", "nan", "nan"),
        ("number", "inf", "inf"),
        ("boolean", "True", True),
        ("boolean", "false", False),
        ("boolean", "1", "1"),
        ("string", " Mon ", "Mon"),
        ("string", "  ", None),
        ("integer", "", None),
    ],
)
def test_a_cell_is_read_by_its_type_and_stays_text_where_it_has_another(
    kind: Any, cell: str, value: object
) -> None:
    parsed = Field(name="x", type=kind).parse(cell)

    assert parsed == value
    assert type(parsed) is type(value)


def test_a_boolean_is_no_number_and_an_integer_is_one() -> None:
    assert not Field(name="x", type="number").has_type(True)
    assert not Field(name="x", type="integer").has_type(False)
    assert Field(name="x", type="number").has_type(3)
    assert not Field(name="x", type="integer").has_type(3.0)
