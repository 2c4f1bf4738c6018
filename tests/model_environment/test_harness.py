"""The harness asks nothing of a model but what the contract allows; models are drawn for it."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml
from example_rows import read_as_csv, rows_of, written_as_csv, wrong_value
from hypothesis import given, settings
from hypothesis import strategies as st
from models import CoreSchema, Model

from jobs.contract import Field

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TYPES = {
    "integer": st.integers(-(10**6), 10**6),
    "number": st.floats(-1e6, 1e6).map(lambda number: round(number, 3)),
    "string": st.from_regex(r"[a-z][a-z ,]{0,6}[a-z]", fullmatch=True),
    "boolean": st.booleans(),
}


@st.composite
def contracts(draw):
    """A small model.yaml with everything left out that may be left out, and its rows."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    fields = [{"name": name, "type": draw(st.sampled_from(sorted(TYPES)))} for name in names]
    made = {
        "name": "drawn",
        "problem": {"type": "regression", "target": "y"},
        "data": {"sample": draw(st.sampled_from(["rows.csv", "rows.csv.gz", "data/a.csv"]))},
        "schema": {"input": fields, "output": [{"name": "y", "type": "number"}]},
        "gates": [{"metric": "r2", "comparison": "at_least", "threshold": 0.5}],
    }
    if draw(st.booleans()):
        made["problem"]["groups"] = [{"field": names[0], "names": {"a": "A"}}]
    if draw(st.booleans()):
        settings_ = draw(st.dictionaries(NAMES, TYPES["number"], max_size=2))
        made["pipeline"] = {"steps": {"train": {"hyperparameters": settings_}}}
    row = st.fixed_dictionaries({field["name"]: TYPES[field["type"]] for field in fields})
    return made, draw(st.lists(row, min_size=1, max_size=3))


def placed(folder, made, rows, shape):
    """The model's folder, with one example in one of the shapes that a request may have."""
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    for old in folder.glob("examples/*"):
        old.unlink()
    (folder / "model.yaml").write_text(yaml.safe_dump(made))
    names = [field["name"] for field in made["schema"]["input"]]
    texts = {
        "one": json.dumps(rows[0]),
        "list": json.dumps(rows),
        "below a key": json.dumps({"instances": rows}),
        "csv": written_as_csv(rows, names),
    }
    ending = "csv" if shape == "csv" else "json"
    (folder / f"examples/a.request.{ending}").write_text(texts[shape])
    (folder / "examples/a.response.json").write_text("[]")
    return Model(folder, minimum_rows=3)


@settings(max_examples=60)
@given(drawn=contracts(), shape=st.sampled_from(["one", "list", "below a key", "csv"]))
def test_a_small_model_of_any_kind_can_be_asked(tmp_path_factory, drawn, shape):
    made, rows = drawn
    folder = tmp_path_factory.mktemp("drawn")
    model = placed(folder, made, rows, shape)

    asked = made.get("pipeline", {}).get("steps", {}).get("train", {}).get("hyperparameters", {})
    assert json.loads(model.hyperparameters(folder).read_text()).keys() == asked.keys()
    assert model.sample == folder / made["data"]["sample"]
    assert model._contract()["problem"].get("groups", []) == [
        group | {"minimum_rows": 3} for group in made["problem"].get("groups", [])
    ]
    assert rows_of(model) == (rows[:1] if shape == "one" else rows)


@settings(max_examples=60)
@given(drawn=contracts())
def test_every_field_refuses_what_is_called_wrong(drawn):
    for field in drawn[0]["schema"]["input"]:
        assert not Field.read(field).accepts(wrong_value(field))


@settings(max_examples=60)
@given(drawn=contracts())
def test_rows_survive_the_way_through_csv(drawn):
    made, rows = drawn
    types = {field["name"]: field["type"] for field in made["schema"]["input"]}

    assert read_as_csv(written_as_csv(rows, list(types)), types) == rows


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"),
        ("true", True), ("False", False), ("1:30", "1:30"), ("010", 10), ("12", 12),
        ("1e-3", 0.001), ("-1.5", -1.5), (".5", 0.5), ("trueish", "trueish"), ("1_000", "1_000"),
        ("null", None),
    ],
)  # fmt: skip
def test_a_contract_is_read_as_yaml_1_2(text, value):
    assert yaml.load(f"key: {text}", Loader=CoreSchema) == {"key": value}  # a SafeLoader


def test_the_version_of_the_data_is_a_hash_of_its_bytes_in_any_format(tmp_path):
    from model_promises import test_the_committed_data_is_the_recorded_version as promise

    (tmp_path / "rows.csv").write_text("x,y\n1,2\n")
    digest = hashlib.sha256(b"x,y\n1,2\n").hexdigest()
    (tmp_path / "model.yaml").write_text(f"data: {{sample: rows.csv, version: '{digest}'}}\n")

    promise(Model(tmp_path))
