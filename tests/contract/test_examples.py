from pathlib import Path

import pytest

from mlops.contract import read_examples
from mlops.contract.examples import ExampleError, parsed


def test_examples_are_read_in_name_order(repository: Path) -> None:
    examples = repository / "model_code" / "bike_demand" / "examples"
    (examples / "a.request.csv").write_text("hour,weather\n1,Clear\n")
    (examples / "a.response.json").write_text("[1]")

    found = read_examples(repository / "model_code" / "bike_demand")

    assert [(e.name, e.content_type) for e in found] == [
        ("a", "text/csv"), ("night", "application/json"),
    ]  # fmt: skip
    assert found[0].response == [1]


@pytest.mark.parametrize("text", ['{"hour": 1, "hour": 2}', '[{"rows": {"a": 1, "a": 1}}]'])
def test_a_key_that_stands_twice_in_one_object_is_refused(text: str) -> None:
    with pytest.raises(ExampleError, match="duplicate key"):
        parsed(text, "night.request.json")
