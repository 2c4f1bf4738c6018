import math

import pytest

from mlops.container.monitoring.payload import Bodies, UnreadableError
from mlops.container.monitoring.schema import Schema

JSON, CSV = "application/json", "text/csv"
ROW = {"temperature": 1.5, "hour": 2, "weekday": "Mon", "holiday": True}
TEXT = '{"temperature": 1.5, "hour": 2, "weekday": "Mon", "holiday": true}'


@pytest.fixture
def bodies(schema: Schema) -> Bodies:
    return Bodies(schema.input)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (TEXT, JSON),
        (f"[{TEXT}]", JSON),
        (f'{{"instances": [{TEXT}]}}', "application/json; charset=utf-8"),
        ('{"instances": [[1.5, 2, "Mon", true]]}', JSON),
        (f"{TEXT}\n", "application/jsonlines"),
        ("temperature,hour,weekday,holiday\n1.5,2,Mon,true\n", CSV),
        ("holiday, weekday ,hour,temperature\nTRUE,Mon,2,1.5", "Text/CSV; charset=utf-8"),
        ("1.5,2,Mon,true\n", CSV),
    ],
)
def test_every_form_of_a_request_gives_the_same_row(bodies: Bodies, body: str, kind: str) -> None:
    assert bodies.rows(body, kind) == [ROW]


def test_a_batch_keeps_its_order_in_every_form(bodies: Bodies) -> None:
    csv = bodies.rows("hour,weekday\n1,Mon\n2,Tue\n", CSV)
    lines = bodies.rows('{"hour": 1, "weekday": "Mon"}\n\n{"hour": 2, "weekday": "Tue"}', _lines())

    assert csv == lines == [{"hour": 1, "weekday": "Mon"}, {"hour": 2, "weekday": "Tue"}]


def _lines() -> str:
    return "application/x-ndjson"


@pytest.mark.parametrize("body", ["[80.5, 81]", '{"predictions": [80.5, 81]}', "80.5\n81\n"])
def test_bare_answers_take_the_name_of_the_only_field(schema: Schema, body: str) -> None:
    kind = CSV if body.endswith("\n") else JSON

    assert Bodies(schema.output).rows(body, kind) == [{"demand": 80.5}, {"demand": 81}]


def test_a_blank_cell_is_null_and_an_unknown_column_stays_text(bodies: Bodies) -> None:
    assert bodies.rows("hour,colour\n,7\n", CSV) == [{"hour": None, "colour": "7"}]


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("{", JSON, "not JSON"),
        ("[" * 100_000, JSON, "not JSON"),
        ("[]", JSON, "no row"),
        ("", CSV, "no row"),
        ("hour,weekday\n", CSV, "no row"),
        ('{"error": "hour is 99"}', JSON, "no field of the contract"),
        ("[1, 2]", JSON, "another number of cells"),
        ("hour,weekday\n1\n", CSV, "another number of cells"),
        ('"a\n', CSV, "not CSV"),
        ("<xml/>", "application/xml", "neither JSON nor CSV"),
        ("x", "", "neither JSON nor CSV"),
    ],
)
def test_what_holds_no_rows_says_why_without_saying_what(
    bodies: Bodies, body: str, kind: str, reason: str
) -> None:
    with pytest.raises(UnreadableError, match=reason) as caught:
        bodies.rows(body, kind)

    assert "99" not in str(caught.value)


def test_a_number_that_is_not_finite_is_read_and_judged_later(bodies: Bodies) -> None:
    (row,) = bodies.rows('{"temperature": NaN}', JSON)

    assert math.isnan(row["temperature"])
