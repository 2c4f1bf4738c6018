"""What the models of this repository promise beyond every model: their cards, locks and examples.

A model that is written otherwise imports `model_promises` alone.
"""

from __future__ import annotations

import gzip
import hashlib
import re

import pytest
from models import Model


def test_the_card_names_the_data_by_its_hash(model: Model) -> None:
    content, card = model.sample.read_bytes(), (model.folder / "data/README.md").read_text()

    assert content[4:8] == bytes(4), "the gzip time stamp must be 0"
    assert model.yaml["data"]["version"] in card
    assert hashlib.sha256(gzip.decompress(content)).hexdigest() in card


def test_the_card_names_the_gates_of_the_contract(model: Model) -> None:
    card = (model.folder / "README.md").read_text()

    for gate in model.yaml["gates"]:
        word = "at least" if gate["comparison"] == "at_least" else "at most"
        assert f"`{gate['metric']}` {word} {gate['threshold']:g}" in card


@pytest.mark.parametrize("name", ["httptools", "uvloop"])
def test_the_lock_pins_the_fast_parts_of_the_server(model: Model, name: str) -> None:
    lock = (model.folder / "requirements.lock").read_text()

    assert re.search(rf"^{name}==\d", lock, re.MULTILINE)


def test_there_are_single_batch_and_csv_examples(model: Model) -> None:
    requests = [case["request"] for case in model.cases]

    assert len(requests) >= 4
    assert {"str", "list", "dict"} <= {type(request).__name__ for request in requests}
