"""One reader: whatever the server accepts or answers, the engine reads to the same rows."""

import base64
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mlops.container.jobs import payload
from mlops.container.jobs.contract import Contract, Field
from mlops.container.monitoring import (
    Baseline,
    Schema,
    Settings,
    analyse,
    observe,
    page,
    report,
    to_text,
)
from mlops.container.monitoring.capture import records
from mlops.container.monitoring.jobs import write_files
from mlops.container.monitoring.payload import Bodies

Draw = Callable[[st.SearchStrategy[Any]], Any]
MARK = "\ufeff"
NAMES = ("hour", "weekday", "instances", "predictions", "holiday")
SEPARATORS = "\u2028\u2029\x0b\x0c\x1c\x1d\x1e\x85\r\n,;\"' \t\ufeff"
TEXTS = st.text(st.sampled_from(SEPARATORS) | st.characters(), max_size=6)
VALUES = {
    "integer": st.integers() | st.integers(-100, 100),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-100, 100),
    "string": TEXTS | st.sampled_from(["Mon", "Tue"]),
    "boolean": st.booleans(),
}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request as it travels."""

    contract: Contract
    body: bytes
    content_type: str


@st.composite
def contracts(draw: Draw) -> Contract:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    fields = tuple(
        Field(name=name, type=draw(st.sampled_from(sorted(VALUES))), nullable=draw(st.booleans()))
        for name in names
    )
    return Contract(name="any", target="y", input=fields, output=fields, gates=(), cases=())


@st.composite
def rows(draw: Draw, contract: Contract) -> list[dict[str, Any]]:
    def row() -> dict[str, Any]:
        left_out = [f.name for f in contract.input if f.nullable and draw(st.booleans())]
        return {
            field.name: None if field.nullable and draw(st.booleans()) else draw(VALUES[field.type])
            for field in contract.input
            if field.name not in left_out
        }

    return [row() for _ in range(draw(st.integers(1, 3)))]


@st.composite
def requests(draw: Draw) -> Sent:
    """Every form that callers choose, with the marks, line ends and blanks of their tools."""
    contract = draw(contracts())
    given_rows = draw(rows(contract))
    form = draw(st.sampled_from(["object", "list", "instances", "lines", "csv"]))
    ascii_only = draw(st.booleans())
    end = draw(st.sampled_from(["\n", "\r\n"]))

    def text_of(content: object, indent: int | None = None) -> str:
        return json.dumps(content, ensure_ascii=ascii_only, indent=indent)

    if form == "csv":
        body, kind = _csv(draw, contract, given_rows, end), payload.CSV
    elif form == "lines":
        body, kind = end.join(map(text_of, given_rows)) + end, payload.JSON_LINES
    else:
        forms = {
            "object": given_rows[0],
            "list": given_rows,
            "instances": {"instances": given_rows},
        }
        body, kind = text_of(forms[form], draw(st.sampled_from([None, 1]))), payload.JSON
    mark = draw(st.sampled_from(["", "", MARK]))
    return Sent(
        contract=contract,
        body=(mark + body).encode("utf-8", "replace"),
        content_type=draw(st.sampled_from([kind, kind.title(), f"{kind}; charset=utf-8"])),
    )


def _of_one(type_: str, body: str, content_type: str) -> Sent:
    field = Field(name="hour", type=type_, nullable=True)
    contract = Contract(name="one", target="y", input=(field,), output=(field,), gates=(), cases=())
    return Sent(contract=contract, body=body.encode(), content_type=content_type)


def _csv(draw: Draw, contract: Contract, given_rows: list[dict[str, Any]], end: str) -> str:
    names = draw(st.permutations(contract.input_names))
    pad = draw(st.sampled_from(["", " "]))
    text = io.StringIO()
    writer = csv.writer(
        text, lineterminator=end, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    )
    writer.writerow([pad + name for name in names])
    for row in given_rows:
        writer.writerow([_cell(row.get(name), pad) for name in names])
    return text.getvalue()


def _cell(value: Any, pad: str) -> str:
    if value is None:
        return ""
    return pad + (str(value).lower() if isinstance(value, bool) else str(value))


def _captured(sent: Sent, encoding: str) -> bytes:
    """The line that data capture writes of a request."""
    plain = "CSV" if payload.CSV in sent.content_type.lower() else "JSON"
    data = base64.b64encode(sent.body).decode() if encoding == "BASE64" else sent.body.decode()
    side = {
        "observedContentType": sent.content_type, "mode": "INPUT", "data": data,
        "encoding": "BASE64" if encoding == "BASE64" else plain,
    }  # fmt: skip
    content = {"captureData": {"endpointInput": side}, "eventMetadata": {"eventId": "e"}}
    return json.dumps(content).encode() + b"\n"


def _schema(contract: Contract) -> Schema:
    def entries(fields: tuple[Field, ...], prefix: str) -> list[dict[str, Any]]:
        return [{"name": prefix + f.name, "type": f.type, "nullable": f.nullable} for f in fields]

    return Schema.read(
        {"schema": {"input": entries(contract.input, ""), "output": entries(contract.output, "_")}}
    )


def _same_rows(contract: Contract, found: Any) -> list[str]:
    """By their text, which tells 1 from 1.0 and from true; an absent field is null."""
    return [repr([row.get(name) for name in contract.input_names]) for row in found]


def _served(sent: Sent) -> list[str] | None:
    """The rows that the server hands to the model; None where it refuses the request."""
    try:
        request = payload.read_request(sent.body, sent.content_type, sent.contract)
    except payload.BadPayloadError:
        return None
    return _same_rows(sent.contract, request.rows)


def _monitored(sent: Sent, encoding: str) -> list[str]:
    counts: Counter[str] = Counter()
    found = list(records([_captured(sent, encoding)], _schema(sent.contract), counts))
    assert found, dict(counts)
    return _same_rows(sent.contract, found[0].inputs)


@pytest.mark.parametrize("encoding", ["as it is", "BASE64"])
@given(sent=requests())
@example(sent=_of_one("string", '{"hour": "a\u2028b"}\n{"hour": "\x85"}\n', payload.JSON_LINES))
@example(sent=_of_one("integer", f"{MARK}hour\n7\n", payload.CSV))
@example(sent=_of_one("integer", f'{MARK}{{"hour": 7}}', payload.JSON))
@example(sent=_of_one("integer", "{}", payload.JSON))
def test_what_the_server_accepts_the_engine_reads_to_the_same_rows(
    encoding: str, sent: Sent
) -> None:
    served = _served(sent)
    # Hypothesis objects itself where most of what it draws is refused.
    assume(served is not None)

    assert _monitored(sent, encoding) == served


@st.composite
def answers(draw: Draw) -> tuple[Contract, list[dict[str, Any]], str, str]:
    """A contract, answers of its fields, the request's shape, and what the caller accepts."""
    contract = draw(contracts())
    given_rows = draw(rows(contract))
    shape = draw(st.sampled_from(["object", "list", "instances", "lines"]))
    accept = draw(st.sampled_from([payload.JSON, payload.JSON_LINES, payload.CSV]))
    # A CSV cell cannot tell blanks around a text, an empty text or a float that is whole.
    full = [{name: row.get(name) for name in contract.input_names} for row in given_rows]
    if accept == payload.CSV:
        full = [{name: _bare(value) for name, value in row.items()} for row in full]
    return contract, full[:1] if shape == "object" else full, shape, accept


def _bare(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or "x"
    if isinstance(value, int) and not isinstance(value, bool):
        return value % 10**15
    return value


@given(answered=answers())
def test_what_the_server_answers_the_engine_reads_to_the_same_rows(
    answered: tuple[Contract, list[dict[str, Any]], str, str],
) -> None:
    contract, said, shape, accept = answered
    prediction = payload.Prediction(answers=said, shape=shape)

    text = payload.write_answer(prediction, accept, contract)

    assert Bodies(_schema(contract).input).rows(text, accept) == said


ANYTHING = Contract(
    name="any",
    target="y",
    input=tuple(Field(name=f"a_{type_}", type=type_, nullable=True) for type_ in sorted(VALUES)),
    output=(Field(name="demand", type="number"),),
    gates=(),
    cases=(),
)
EDGES = {
    "integer": [10**400, -(10**400), 2**64, 0],
    "number": [10**400, 1e308, -1e308, 5e-324],
    "string": ["\ud800", "\x00", "", MARK, "x" * 10_000, "<b>&"],
    "boolean": [True],
}


@pytest.mark.parametrize(
    ("field", "value"), [(f"a_{type_}", value) for type_, many in EDGES.items() for value in many]
)
def test_what_the_server_accepts_is_judged_and_written_down(
    tmp_path: Path, field: str, value: Any
) -> None:
    """One caller's strange value must not end the job that judges everybody's."""
    sent = Sent(
        contract=ANYTHING,
        body=json.dumps([{field: value}] * 30).encode(),
        content_type=payload.JSON,
    )
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        assert _served(sent) is None, "no model could count with it, and would fail"
    schema = Schema.read(
        {
            "schema": {
                "input": [
                    {"name": f.name, "type": f.type, "nullable": True} for f in ANYTHING.input
                ],
                "output": [{"name": "demand", "type": "number"}],
            }
        }
    )
    learned: dict[str, Any] = {
        "a_boolean": [True, False],
        "a_integer": [1, 2],
        "a_number": [0.5, 1.5],
        "a_string": ["x", "y"],
    }
    baseline = Baseline.of(schema, {name: values * 500 for name, values in learned.items()})

    result = analyse(observe([_captured(sent, "as it is")], baseline), baseline, Settings())

    told = report(result, {})
    write_files(tmp_path, {"report.json": to_text(told), "report.html": page(told)})
    assert json.loads((tmp_path / "report.json").read_text())["traffic"]["rows"] == 30
    assert field in (tmp_path / "report.html").read_text("utf-8")
