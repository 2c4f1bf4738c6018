# ruff: noqa: E501  # alphabets are read in one piece
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from ruamel.yaml import YAML

from mlops.contract.json_schema import SPECS, json_schemas

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    "model_code/bike_demand/model.yaml": "model.schema.json",
    "config/stages.yaml": "stages.schema.json",
    "config/releases.yaml": "releases.schema.json",
}
VALIDATORS = {
    file: Draft202012Validator(json_schemas()[schema]) for file, schema in SCHEMAS.items()
}
FILE = st.sampled_from(sorted(SCHEMAS))
VALUES = st.sampled_from(
    [None, True, 0, 1, 2, 10, 60, 61, -1, 0.5, 1.0, 99.5, "", "a", "a-b", "A", "x y", "0" * 12,
     "eu-west-1", "us-east-1", "ml.m5.large", "ml.p3.2xlarge", "cron(0 3 ? * MON *)", "rate(2 days)",
     "s3://bucket/key", "canary", "manual", "at_most", [], ["a"], ["a", "a"], {}, {"a": 1}, {"a": "b"}]
)  # fmt: skip


@pytest.mark.parametrize("schema", json_schemas().values(), ids=json_schemas())
def test_a_schema_is_valid_and_describes_every_key(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)

    for block in (schema, *schema.get("$defs", {}).values()):
        assert block["additionalProperties"] is False
        for key, value in block["properties"].items():
            assert value.get("description"), key


@pytest.mark.parametrize("file", SCHEMAS)
def test_the_committed_files_and_the_valid_ones_are_accepted(
    file: str, valid_files: dict[str, str]
) -> None:
    for text in (valid_files[file], (ROOT / file).read_text("utf-8")):
        assert list(VALIDATORS[file].iter_errors(_data(text))) == []


@pytest.mark.parametrize("file", SCHEMAS)
def test_the_committed_files_name_their_schema_for_editors(file: str) -> None:
    first = (ROOT / file).read_text("utf-8").splitlines()[0]

    assert first.startswith("# yaml-language-server: $schema=")
    named = (ROOT / file).parent / first.partition("=")[2]
    assert named.resolve() == ROOT / "docs" / "schema" / SCHEMAS[file]


@given(file=FILE, value=VALUES, seed=st.randoms(use_true_random=False), drop=st.booleans())
def test_a_schema_never_refuses_what_the_specs_accept(
    valid_files: dict[str, str], file: str, value: object, seed: random.Random, drop: bool
) -> None:
    data = _mutated(_data(valid_files[file]), value, seed, drop=drop)
    try:
        SPECS[SCHEMAS[file]][0].model_validate(data, by_alias=True, by_name=False)
    except ValidationError:
        return

    assert list(VALIDATORS[file].iter_errors(data)) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("model_code/bike_demand/model.yaml", "owners:", "ownerz:"),
        ("model_code/bike_demand/model.yaml", "name: bike-demand", "name: Bike"),
        ("model_code/bike_demand/model.yaml", "name: bike-demand", "name: 5"),
        ("model_code/bike_demand/model.yaml", "ml.m5.large", "ml.m99.large"),
        ("model_code/bike_demand/model.yaml", "cron(0 3 ? * MON *)", "0 3 * * *"),
        ("model_code/bike_demand/model.yaml", "depth: 6", "Depth: 6"),
        ("model_code/bike_demand/model.yaml", "type: regression", "type: guess"),
        ("model_code/bike_demand/model.yaml", "threshold: 0.8", "threshold: high"),
        ("model_code/bike_demand/model.yaml", "bake_minutes: 10", "bake_minutes: 61"),
        ("config/stages.yaml", "eu-west-1", "eu-wset-1"),
        ("config/stages.yaml", '"111111111111"', "111111111111"),
        ("config/stages.yaml", "  dev:", "  Dev:"),
        ("config/stages.yaml", "vpc-0123abcd", "vpc-xyz"),
        ("config/stages.yaml", "[sg-0123abcd]", "[sg-0123abcd, sg-0123abcd]"),
        ("config/stages.yaml", "{stage: dev}", "{'aws:stage': dev}"),
        ("config/releases.yaml", "dev: 3", "dev: 0"),
        ("config/releases.yaml", "dev: 3", "dev: latest"),
        ("config/releases.yaml", "bike-demand:", "Bike:"),
    ],
)
def test_an_editor_catches_what_a_pattern_or_a_list_can_tell(
    valid_files: dict[str, str], file: str, old: str, new: str
) -> None:
    text = valid_files[file]
    assert old in text

    assert list(VALIDATORS[file].iter_errors(_data(text.replace(old, new, 1))))


def _data(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def _mutated(data: Any, value: object, seed: random.Random, *, drop: bool) -> Any:
    parent = data
    while True:
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        key = seed.choice(keys)
        if not (isinstance(parent[key], dict | list) and parent[key]) or seed.random() < 0.2:
            break
        parent = parent[key]
    if drop:
        del parent[key]
    else:
        parent[key] = value
    return data
