import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.container.monitoring import (
    Baseline,
    Limit,
    MonitoringError,
    Schema,
    Settings,
    baseline_files,
    read_baseline,
    read_settings,
)

Table = dict[str, list[Any]]
SETTINGS = Settings(
    ignored=("hour",), limits=(Limit(metric="rmse", comparison="at_most", threshold=35.0),)
)


@pytest.fixture
def written(tmp_path: Path, schema: Schema, table: Callable[..., Table]) -> Path:
    for name, text in baseline_files(schema, table(700, seed=3), SETTINGS).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_what_is_read_back_is_what_was_made(
    written: Path, schema: Schema, table: Callable[..., Table]
) -> None:
    made = Baseline.of(schema, table(700, seed=3))
    read = read_baseline(written / "statistics.json", schema)

    assert read.to_json() == made.to_json()
    assert read.frames["temperature"].bins == made.frames["temperature"].bins
    assert read.references["demand"].moments == made.references["demand"].moments
    assert read_settings(written / "constraints.json") == SETTINGS


def test_equal_data_gives_equal_bytes(schema: Schema, table: Callable[..., Table]) -> None:
    assert baseline_files(schema, table(300), SETTINGS) == baseline_files(
        schema, table(300), SETTINGS
    )


def test_statistics_are_in_model_monitors_schema(
    written: Path, table: Callable[..., Table]
) -> None:
    content = json.loads((written / "statistics.json").read_text())
    by_name = {feature["name"]: feature for feature in content["features"]}
    temperature = by_name["temperature"]["numerical_statistics"]
    kll = temperature["distribution"]["kll"]

    assert content["version"] == 0
    assert content["dataset"] == {"item_count": 700}
    assert by_name["hour"]["inferred_type"] == "Integral"
    assert by_name["temperature"]["inferred_type"] == "Fractional"
    assert temperature["common"] == {"num_present": 700, "num_missing": 0}
    assert set(temperature) == {"common", "mean", "sum", "std_dev", "min", "max", "distribution"}
    assert temperature["sum"] == pytest.approx(sum(table(700, seed=3)["temperature"]))
    assert sum(bucket["count"] for bucket in kll["buckets"]) == 700
    assert len(kll["buckets"]) == 10
    assert set(kll["buckets"][0]) == {"lower_bound", "upper_bound", "count"}
    assert set(kll["sketch"]) == {"parameters", "data"}
    assert by_name["holiday"]["inferred_type"] == "String"
    words = by_name["weekday"]["string_statistics"]
    assert words["distinct_count"] == 3
    assert {bucket["value"] for bucket in words["distribution"]["categorical"]["buckets"]} == {
        "Mon", "Tue", "Wed",
    }  # fmt: skip


def test_constraints_are_in_model_monitors_schema(written: Path) -> None:
    content = json.loads((written / "constraints.json").read_text())
    by_name = {feature["name"]: feature for feature in content["features"]}

    assert by_name["demand"]["num_constraints"] == {"is_non_negative": True}
    assert by_name["temperature"]["num_constraints"] == {"is_non_negative": False}
    assert by_name["weekday"]["string_constraints"] == {"domains": ["Mon", "Tue", "Wed"]}
    assert by_name["hour"]["completeness"] == 1.0
    assert content["monitoring_config"]["distribution_constraints"]["comparison_method"] == "Robust"


def test_completeness_is_the_share_that_is_there(
    schema: Schema, table: Callable[..., Table]
) -> None:
    columns = table(200, temperature=[None] * 50 + [1.0] * 150)

    content = json.loads(baseline_files(schema, columns, SETTINGS)["constraints.json"])

    assert content["features"][0]["completeness"] == 0.75


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("mlops"), "is not a baseline of this platform"),
        (lambda c: c.update(mlops=[]), "is not a baseline of this platform"),
        (lambda c: c["mlops"].update(schema=2), "mlops.schema is 2; allowed: 1"),
        (lambda c: c["mlops"]["fields"].pop(1), "made for another contract .hour."),
        (lambda c: c["mlops"]["fields"][0].update(name="wind"), "temperature, wind"),
        (lambda c: c["mlops"]["fields"][0].update(type="string"), "for another contract"),
        (lambda c: c["mlops"]["fields"][0].pop("edges"), "KeyError: 'edges'"),
        (lambda c: c["mlops"]["fields"][0]["counts"].pop(), "do not fit its bins"),
        (lambda c: c["mlops"]["fields"][0]["counts"].__setitem__(1, -1), "do not fit its bins"),
        (lambda c: c["mlops"]["fields"][0].update(rows=None), "TypeError"),
        (lambda c: c["mlops"].update(fields=7), "TypeError"),
    ],
)
def test_a_wrong_file_is_refused_with_one_clear_error(
    written: Path, schema: Schema, change: Any, said: str
) -> None:
    path = written / "statistics.json"
    _edit(path, change)

    with pytest.raises(MonitoringError, match=said) as caught:
        read_baseline(path, schema)

    assert str(path) in str(caught.value)
    assert "remedy: " in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, schema: Schema, content: str) -> None:
    (tmp_path / "statistics.json").write_text(content)

    with pytest.raises(MonitoringError, match="is not a baseline of this platform"):
        read_baseline(tmp_path / "statistics.json", schema)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, schema: Schema) -> None:
    with pytest.raises(MonitoringError, match=r"statistics\.json: cannot be read"):
        read_baseline(tmp_path / "statistics.json", schema)


def test_a_wrong_setting_names_the_file(written: Path) -> None:
    path = written / "constraints.json"
    _edit(path, lambda content: content["mlops"].update(psi=7))

    with pytest.raises(MonitoringError, match=r"constraints\.json: psi is 7.* more than 0"):
        read_settings(path)
