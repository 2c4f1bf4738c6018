from pathlib import Path

from mlops.contract.reference import reference


def test_every_row_has_its_key_type_default_limits_and_meaning() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]

    assert len(rows) > 80
    for row in rows:
        cells = [cell.strip() for cell in row.replace("\\|", "/").strip("|").split("|")]
        assert len(cells) == 5, row
        assert cells[1], row
        assert cells[4], row


def test_nested_keys_lists_and_mappings_are_spelled_as_paths() -> None:
    text = reference()

    for key in (
        "endpoint.canary.alarms.period_seconds",
        "schema.input[].name",
        "stages.<name>.capacity.<name>.min_instances",
        "releases",
    ):
        assert f"| `{key}` |" in text


def test_the_reference_is_the_same_each_time() -> None:
    assert reference() == reference()
    assert Path(__file__).name not in reference()
