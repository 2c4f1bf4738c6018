"""The card that a pipeline writes has the keys and the lengths of CloudFormation's own schema.

A model package's card is a part of AWS::SageMaker::ModelCard, whose schema cfn-lint brings along;
there the same names are written in another case.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rehearsal.pipeline.expressions import Scope

pytestmark = pytest.mark.full

SCHEMAS = "lib/python*/site-packages/cfnlint/data/schemas"
OWN = {"model_creator", "model_artifact"}
"""What `model_overview` of a package's card consists of, by the API reference."""


def camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            "".join(part.capitalize() for part in key.split("_")): camel(one)
            for key, one in value.items()
        }
    return [camel(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def schema(tools: Callable[[str], Path]) -> dict[str, Any]:
    (folder,) = tools("lint").parent.glob(SCHEMAS)
    hashes = json.loads((folder / "providers" / "eu-west-1.json").read_text())
    file = folder / "resources" / f"{hashes['AWS::SageMaker::ModelCard']}.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return {**found, "$ref": "#/definitions/Content"}


@pytest.fixture
def cards(definitions: dict[str, dict[str, Any]], tmp_path: Path) -> list[dict[str, Any]]:
    """The card of every synthesized training pipeline with its defaults."""
    found = []
    for definition in definitions.values():
        parameters = {one["Name"]: one.get("DefaultValue") for one in definition["Parameters"]}
        scope = Scope(parameters=parameters, execution={}, storage=LocalS3(tmp_path))
        for step in definition["Steps"]:
            for inner in step["Arguments"].get("IfSteps", ()):
                if inner["Type"] == "RegisterModel":
                    text = scope.value(inner["Arguments"]["ModelCard"]["ModelCardContent"])
                    found.append(json.loads(text))
    return found


def test_every_card_fits_the_schema(cards: list[dict[str, Any]], schema: dict[str, Any]) -> None:
    assert cards
    for card in cards:
        assert card["model_overview"].keys() <= OWN
        assert [error.message for error in Draft7Validator(schema).iter_errors(camel(card))] == []


def test_the_schema_sees_a_misspelt_key(
    cards: list[dict[str, Any]], schema: dict[str, Any]
) -> None:
    cards[0]["training_details"]["training_job_details"]["hyperparameters"] = []

    assert [*Draft7Validator(schema).iter_errors(camel(cards[0]))]
