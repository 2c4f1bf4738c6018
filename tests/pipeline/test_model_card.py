"""The card is JSON whatever an execution puts into it, and says with what a version was trained."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlops.pipeline.model_card import card_of
from mlops.pipeline.steps import Joined, ParameterValue

# What the contract allows in a hyper-parameter that is text.
TEXTS = st.text(st.characters(exclude_categories=["C"], exclude_characters='"\\'), max_size=20)


def said(card: Joined, **parameters: str) -> Any:
    parts = (
        parameters.get(part.name, f"the {part.name}") if isinstance(part, ParameterValue) else part
        for part in card.parts
    )
    return json.loads(card.separator.join(map(str, parts)))


def test_a_card_tells_data_image_and_every_hyperparameter_of_its_execution(spec):
    training = said(card_of(spec), MaxDepth="7")["training_details"]["training_job_details"]

    assert training == {
        "training_datasets": ["the DataUri"],
        "training_environment": {"container_image": ["the ImageUri"]},
        "hyper_parameters": [
            {"name": "max_depth", "value": "7"},
            {"name": "rate", "value": "the Rate"},
            {"name": "loss", "value": "the Loss"},
        ],
    }


def test_a_persons_text_stays_what_it_is(make_spec):
    text = 'Says "what" a\\b ride costs, \u00e4t 90 %'
    spec = make_spec(description=text)

    card = said(card_of(spec))

    assert card["intended_uses"] == {"purpose_of_model": text}
    assert card["model_overview"] == {"model_creator": spec.owners.data_science}


@given(loss=TEXTS)
def test_a_hyperparameter_that_is_text_breaks_no_card(spec, loss):
    training = said(card_of(spec), Loss=loss)["training_details"]["training_job_details"]

    assert training["hyper_parameters"][2] == {"name": "loss", "value": loss}


def test_a_model_without_hyperparameters_has_a_card(make_spec):
    training = said(card_of(make_spec(pipeline={})))["training_details"]["training_job_details"]

    assert training["hyper_parameters"] == []
