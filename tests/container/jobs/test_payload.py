from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.jobs import payload
from mlops.container.jobs.contract import Contract, Field
from mlops.container.jobs.payload import Prediction

SKIES = ("Clear", "Mist", "Light Rain", "Heavy Rain")
CONTRACT = Contract(
    name="rentals",
    target="cnt",
    input=(
        Field(name="month", type="integer", min=1, max=12),
        Field(name="day", type="integer", min=1, max=31),
        Field(name="hour", type="integer", min=0, max=23),
        Field(
            name="weekday", type="string", allowed=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        ),
        Field(name="holiday", type="boolean"),
        Field(
            name="weather",
            type="string",
            allowed=SKIES,
            nullable=True,
        ),
        Field(name="temperature", type="number", min=-25, max=50, nullable=True),
        Field(name="feels_like", type="number", min=-40, max=60, nullable=True),
        Field(name="humidity", type="number", min=1, max=100, nullable=True),
        Field(name="windspeed", type="number", min=0, max=100, nullable=True),
    ),
    output=tuple(
        Field(name=name, type="number") for name in ("demand", "demand_low", "demand_high")
    ),
    gates=(),
    cases=(),
)
ROW: dict[str, Any] = {
    "month": 7, "day": 15, "hour": 17, "weekday": "Fri", "holiday": False, "weather": "Clear",
    "temperature": 28.5, "feels_like": 30.0, "humidity": 48.0, "windspeed": 12.0,
}  # fmt: skip
HEADER = ",".join(ROW)
LINE = "7,15,17,Fri,false,Clear,28.5,30,48,12"


def as_json(content: object) -> payload.Request:
    return payload.read_request(json.dumps(content), payload.JSON, CONTRACT)


def as_csv(text: str) -> payload.Request:
    return payload.read_request(text, payload.CSV, CONTRACT)


def refusal(body: bytes | str, content_type: str = payload.JSON) -> str:
    with pytest.raises(payload.BadPayloadError) as caught:
        payload.read_request(body, content_type, CONTRACT)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "shape", "rows"),
    [(ROW, "object", 1), ([ROW, ROW], "list", 2), ({"instances": [ROW]}, "instances", 1)],
)
def test_a_request_is_an_object_a_list_or_instances(content, shape, rows):
    request = as_json(content)

    assert (request.shape, len(request.rows)) == (shape, rows)


def test_csv_gives_the_same_rows_as_json():
    assert as_csv(f"{HEADER}\n{LINE}\n").rows == as_json([ROW]).rows


def test_a_blank_cell_and_an_absent_nullable_field_are_null():
    blank = as_csv(f"{HEADER}\n{LINE.replace('Clear', '')}\n").rows[0]
    absent = as_json({k: v for k, v in ROW.items() if k != "weather"}).rows[0]

    assert blank["weather"] is None
    assert absent.get("weather") is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"month": 13}, "row 0: month is 13; allowed: integer from 1 up to 12"),
        ({"month": 0}, "row 0: month is 0; allowed: integer from 1 up to 12"),
        ({"month": 7.0}, "row 0: month is 7.0; allowed: integer from 1 up to 12"),
        ({"month": "7"}, "row 0: month is '7'; allowed: integer from 1 up to 12"),
        ({"month": True}, "row 0: month is True; allowed: integer from 1 up to 12"),
        ({"month": None}, "row 0: month is None; allowed: integer from 1 up to 12"),
        ({"hour": -1}, "row 0: hour is -1; allowed: integer from 0 up to 23"),
        ({"weekday": "fri"},
         "row 0: weekday is 'fri'; allowed: string out of Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
        ({"holiday": "no"}, "row 0: holiday is 'no'; allowed: boolean"),
        ({"holiday": 0}, "row 0: holiday is 0; allowed: boolean"),
        ({"weather": "Hail"},
         f"row 0: weather is 'Hail'; allowed: string out of {', '.join(SKIES)} or null"),
        ({"temperature": 51},
         "row 0: temperature is 51; allowed: number from -25 up to 50 or null"),
        ({"humidity": 0.4}, "row 0: humidity is 0.4; allowed: number from 1 up to 100 or null"),
        ({"windspeed": [1]}, "row 0: windspeed is [1]; allowed: number from 0 up to 100 or null"),
        ({"cnt": 3}, f"row 0: unknown field 'cnt'; allowed: {', '.join(ROW)}"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_its_value_and_what_is_allowed(change, told):
    assert refusal(json.dumps(ROW | change)) == told


def test_fields_that_contradict_each_other_are_refused_in_the_models_words():
    def short_month(row):
        return "day is 31; allowed: a day that month 2 has" if row["day"] > 29 else None

    with pytest.raises(payload.BadPayloadError, match=r"^row 1: day is 31; allowed: a day that"):
        payload.read_request(
            json.dumps([ROW, ROW | {"day": 31}]), payload.JSON, CONTRACT, objection=short_month
        )


def test_a_missing_field_is_named_with_the_number_of_its_row():
    short = {k: v for k, v in ROW.items() if k != "hour"}

    assert refusal(json.dumps([ROW, short])) == (
        "row 1: hour is missing; allowed: integer from 0 up to 23"
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\xff\xfe", "the body is not UTF-8 text (byte 0)"),
        ("", "the body is not JSON"),
        ("{", "the body is not JSON"),
        ("[" * 100_000, "the body is not JSON"),
        ('{"hour": NaN}', "the body holds NaN; allowed: finite numbers and null"),
        ('{"hour": -Infinity}', "the body holds -Infinity"),
        ('{"hour": 1, "hour": 2}', "a key is given twice among ['hour', 'hour']"),
        ("[]", "the request holds 0 rows; allowed: 1 to 2000"),
        ("3", "row 0 is 3; allowed: an object with the fields"),
        ("null", "row 0 is None; allowed: an object with the fields"),
        ('[["a"]]', "row 0 is ['a']; allowed: an object with the fields"),
        ('{"instances": 3}', "instances is 3; allowed: a list of objects"),
        ("9" * 5000, "the body is not JSON"),
        (json.dumps([ROW] * 2001), "the request holds 2001 rows; allowed: 1 to 2000"),
        (json.dumps(ROW).replace("28.5", "1e999"), "row 0: temperature is inf; allowed: number"),
    ],
)
def test_json_that_is_no_request_is_refused(body, told):
    assert refusal(body).startswith(told)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "the body is empty; allowed: a header line and rows"),
        (LINE, "the first line ['7', '15', '17', 'Fri', 'false', 'Clear', '28.5', '30', '48"),
        (f"{LINE}\n{LINE}\n", "the first line ['7', '15', '17', 'Fri', 'false', 'Clear', '28.5'"),
        (f"{HEADER}\n", "the request holds 0 rows; allowed: 1 to 2000"),
        (f"{HEADER}\n1,2\n", "row 0 has 2 cells; allowed: 10"),
        (f"{HEADER},hour\n{LINE},3\n", "the header ["),
        ("hour,rain\n3,4\n", "row 0: unknown field 'rain'; allowed: month"),
        (f"{HEADER}\n{LINE.replace('17', '1_7')}\n", "row 0: hour is '1_7'; allowed: integer"),
        (f"{HEADER}\n{LINE.replace('28.5', 'nan')}\n", "row 0: temperature is 'nan'; allowed"),
        (f"{HEADER}\n{LINE.replace('28.5', '0x1p3')}\n", "row 0: temperature is '0x1p3'; allowed"),
        (f"{HEADER}\n{LINE.replace('false', '')}\n", "row 0: holiday is None; allowed: boolean"),
        (f'{HEADER}\n"{LINE}\n', "the body is not CSV"),
        (f"{HEADER}\n{'x' * 200_000}\n", "the body is not CSV"),
    ],
)
def test_csv_that_is_no_request_is_refused(body, told):
    assert refusal(body, payload.CSV).startswith(told)


def test_rows_without_a_header_are_told_that_one_comes_first():
    assert refusal(LINE, payload.CSV).endswith(
        f"names no field; allowed: a header line first, out of {', '.join(ROW)}"
    )


def test_another_content_type_is_refused():
    assert refusal("{}", "text/plain") == (
        "content type is 'text/plain'; allowed: application/json, text/csv, application/jsonlines"
    )


def test_a_refusal_stays_short_whatever_was_sent():
    assert len(refusal(json.dumps(ROW | {"weekday": "x" * 10_000}))) < 250


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ROW, "instances", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(content=ANY_JSON)
def test_any_json_is_either_refused_or_becomes_rows_that_keep_the_contract(content):
    body = json.dumps(content)
    try:
        request = payload.read_request(body, payload.JSON, CONTRACT)
    except payload.BadPayloadError:
        return

    assert all(keeps_the_contract(row) for row in request.rows)


@given(changes=st.dictionaries(st.sampled_from(list(ROW)), ANY_JSON, max_size=3))
def test_a_good_row_with_any_changes_is_either_refused_or_keeps_the_contract(changes):
    test_any_json_is_either_refused_or_becomes_rows_that_keep_the_contract.hypothesis.inner_test(
        ROW | changes
    )


@given(body=st.binary(max_size=80), kind=st.sampled_from([payload.JSON, payload.CSV]))
def test_no_bytes_raise_anything_but_a_refusal(body, kind):
    with pytest.raises(payload.BadPayloadError):
        payload.read_request(body, kind, CONTRACT)


@given(cell=st.text(max_size=12), name=st.sampled_from(list(ROW)))
def test_no_csv_cell_passes_that_breaks_the_contract(cell, name):
    quoted = '"' + cell.replace('"', '""') + '"'
    cells = zip(ROW, LINE.split(","), strict=True)
    line = ",".join(quoted if key == name else given for key, given in cells)
    try:
        request = as_csv(f"{HEADER}\n{line}\n")
    except payload.BadPayloadError:
        return

    assert keeps_the_contract(request.rows[0])


def keeps_the_contract(row: dict[str, Any]) -> bool:
    return row.keys() <= ROW.keys() and all(f.accepts(row.get(f.name)) for f in CONTRACT.input)


def test_the_answer_mirrors_the_shape_of_the_request():
    answer: dict[str, Any] = {"demand": 1.0, "demand_low": 0.0, "demand_high": 2.0}

    def told(shape: str) -> object:
        prediction = Prediction(answers=[answer], shape=shape)
        return json.loads(payload.write_answer(prediction, payload.JSON, CONTRACT))

    assert told("object") == answer
    assert told("list") == [answer]
    assert told("instances") == {"predictions": [answer]}


def test_a_csv_answer_has_a_header():
    answer: dict[str, Any] = {"demand": 1.0, "demand_low": 0.0, "demand_high": 2.0}

    prediction = Prediction(answers=[answer], shape="list")

    assert payload.write_answer(prediction, "text/csv", CONTRACT) == (
        "demand,demand_low,demand_high\n1.0,0.0,2.0\n"
    )


def test_json_lines_are_answered_line_by_line_in_their_order() -> None:
    body = "".join(f"{json.dumps(ROW | {'hour': hour})}\n" for hour in (3, 17))

    request = payload.read_request(body, payload.JSON_LINES, CONTRACT)
    prediction = Prediction(answers=[{"demand": 1.5}, {"demand": None}], shape=request.shape)

    assert [row["hour"] for row in request.rows] == [3, 17]
    assert payload.write_answer(prediction, payload.JSON_LINES, CONTRACT) == (
        '{"demand": 1.5}\n{"demand": null}\n'
    )


def test_a_separator_inside_of_a_text_ends_no_line() -> None:
    line = json.dumps(ROW | {"weather": "Cle\u2028ar"}, ensure_ascii=False)

    assert refusal(line, payload.JSON_LINES).startswith("row 0: weather is")


def test_a_line_that_is_no_json_is_named_by_its_number() -> None:
    assert refusal(f"{json.dumps(ROW)}\nnonsense\n", payload.JSON_LINES).startswith(
        "row 1 is not JSON"
    )


def test_only_a_container_of_batches_takes_more_rows_than_a_request_may_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = f"{json.dumps(ROW)}\n" * (payload.MAX_ROWS + 1)

    assert "allowed: 1 to 2000" in refusal(body, payload.JSON_LINES)
    monkeypatch.setenv("MAX_ROWS", str(payload.MAX_ROWS + 1))
    assert len(payload.read_request(body, payload.JSON_LINES, CONTRACT).rows) == 2001
