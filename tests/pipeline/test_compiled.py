"""A committed definition is used only as long as it follows from what it was compiled from."""

import json

import pytest

from mlops.contract import ContractError
from mlops.pipeline import compiled as compiled_module
from mlops.pipeline import input_hashes, load_compiled
from mlops.pipeline.compiled import SDK_LOCK, compiled_path, rendered

DEFINITION = {"Version": "2020-12-01", "Steps": [], "Parameters": []}


@pytest.fixture
def committed(checkout, spec):
    compiled_path(checkout, spec).write_text(rendered(checkout, spec, DEFINITION))
    return checkout


def refusal(root, spec) -> str:
    with pytest.raises(ContractError) as caught:
        load_compiled(root, spec)
    return str(caught.value)


def test_a_fresh_definition_is_read_back(committed, spec):
    assert load_compiled(committed, spec) == DEFINITION


def test_the_file_is_laid_out_for_reviewers(committed, spec):
    text = compiled_path(committed, spec).read_text()

    assert text.endswith("}\n")
    assert '\n  "definition": {\n' in text


def test_a_changed_gate_makes_the_definition_stale(committed, make_spec):
    gates = [{"metric": "r2", "comparison": "at_least", "threshold": 0.9}]

    message = refusal(committed, make_spec(gates=gates))

    assert "model_code/cab_fares/pipeline.json: is older than what it is compiled from: graph" in (
        message
    )
    assert "run mlops pipeline compile cab-fares" in message


def test_another_sdk_makes_the_definition_stale(committed, spec):
    (committed / SDK_LOCK).write_text("sagemaker==4\n")

    assert SDK_LOCK in refusal(committed, spec)


def test_a_changed_translation_makes_the_definition_stale(committed, spec, tmp_path, monkeypatch):
    edited = tmp_path / "definition.py"
    edited.write_text("changed")
    monkeypatch.setattr(compiled_module, "_COMPILER", edited)

    assert "definition.py" in refusal(committed, spec)


def test_tuning_leaves_the_definition_fresh(committed, make_spec):
    steps = {"train": {"hyperparameters": {"max_depth": 9, "rate": 0.5, "loss": "x"}}}

    assert load_compiled(committed, make_spec(pipeline={"steps": steps})) == DEFINITION


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{broken", '{"inputs": 1, "definition": {}}', '{"inputs": {}}']
)
def test_a_broken_file_is_refused_with_the_command(committed, spec, text):
    compiled_path(committed, spec).write_text(text)

    message = refusal(committed, spec)

    assert "is not a compiled definition" in message
    assert "mlops pipeline compile cab-fares" in message


def test_a_missing_file_is_refused_with_the_command(checkout, spec):
    message = refusal(checkout, spec)

    assert "cannot be read" in message
    assert "mlops pipeline compile cab-fares" in message


def test_a_definition_that_is_no_text_is_refused(committed, spec):
    compiled_path(committed, spec).write_bytes(b"\xff\xfe\x00")

    assert "is not a compiled definition" in refusal(committed, spec)


def test_the_inputs_of_the_same_contract_have_the_same_hashes(checkout, make_spec):
    assert input_hashes(checkout, make_spec()) == input_hashes(checkout, make_spec())


def test_the_committed_definition_is_fresh(repository, real_model):
    recorded = json.loads(compiled_path(repository, real_model).read_text())["inputs"]

    assert recorded == input_hashes(repository, real_model)
