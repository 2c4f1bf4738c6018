from __future__ import annotations

import json

import pytest
from test_features import BABY, GROWN

import inference


@pytest.fixture(scope="module")
def ask(trained):
    """The answer to one row."""
    served = inference.model_fn(str(trained.model_dir))

    def answer(**changed):
        request = inference.input_fn(json.dumps(GROWN | changed), "application/json")
        return json.loads(inference.output_fn(inference.predict_fn(request, served), "*/*"))

    return answer


def test_the_known_shape_of_working_life_is_learned(ask):
    def probability(**changed):
        return ask(**changed)["probability"]

    assert probability() > 0.7
    assert probability(age=80) < 0.2
    assert probability(education=12) < probability(education=22)
    assert probability(disability=True) < probability()


def test_the_likelier_answer_is_given(ask):
    assert ask()["employed"] is True
    assert ask(age=85)["employed"] is False


def test_no_answer_about_a_person_is_certain(ask):
    assert 0 < ask(**BABY)["probability"] < 0.05


def test_an_answer_that_contradicts_the_age_is_refused():
    with pytest.raises(ValueError, match="row 0: education is None at the age of 38; allowed: a"):
        inference.input_fn(json.dumps(GROWN | {"education": None}), "application/json")


def test_a_code_is_text(ask):
    with pytest.raises(ValueError, match="sex is 2; allowed: string out of 1, 2"):
        ask(sex=2)
