from pathlib import Path

from mlops.contract import read_examples


def test_examples_are_read_in_name_order(repository: Path) -> None:
    examples = repository / "model_code" / "bike_demand" / "examples"
    (examples / "a.request.csv").write_text("hour,weather\n1,Clear\n")
    (examples / "a.response.json").write_text("[1]")

    found = read_examples(repository / "model_code" / "bike_demand")

    assert [(e.name, e.content_type) for e in found] == [
        ("a", "text/csv"), ("night", "application/json"),
    ]  # fmt: skip
    assert found[0].response == [1]
