import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mlops.container.monitoring import MonitoringError, Outcome, Schema, Settings
from mlops.container.monitoring.inputs import Job, read_json, read_rows


def _written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_cells_are_read_as_the_endpoint_reads_them(schema: Schema, tmp_path: Path) -> None:
    rows = "date,temperature,hour,weekday,holiday\n1 May,,7,Mon,true\n2 May,1.5,x,Tue,false\n"

    columns = read_rows(_written(tmp_path / "part.csv", rows), schema.input)

    assert columns == {
        "temperature": [None, 1.5],
        "hour": [7, "x"],
        "weekday": ["Mon", "Tue"],
        "holiday": [True, False],
    }


def test_a_folders_files_follow_each_other_packed_or_not(schema: Schema, tmp_path: Path) -> None:
    _written(tmp_path / "a.csv", "hour\n1\n2\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"hour\n3\n"))

    assert read_rows(tmp_path, schema.input) == {"hour": [1, 2, 3]}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("hour,weekday\n1\n", "rows.csv:2: has another number of cells"),
        ('hour\n"1\n', "is not CSV"),
    ],
)
def test_a_broken_file_is_named(schema: Schema, tmp_path: Path, content: str, named: str) -> None:
    with pytest.raises(MonitoringError, match=named):
        read_rows(_written(tmp_path / "rows.csv", content), schema.input)


def test_a_packed_file_that_ends_early_is_named(schema: Schema, tmp_path: Path) -> None:
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(b"hour\n" + b"7\n" * 999)[:-12])

    with pytest.raises(MonitoringError, match=r"rows\.csv\.gz: is not CSV"):
        read_rows(tmp_path / "rows.csv.gz", schema.input)


def test_files_with_other_columns_are_not_put_together(schema: Schema, tmp_path: Path) -> None:
    _written(tmp_path / "a.csv", "hour\n1\n")
    _written(tmp_path / "b.csv", "weekday\nMon\n")

    with pytest.raises(MonitoringError, match=r"b\.csv: has other columns"):
        read_rows(tmp_path, schema.input)


@pytest.mark.parametrize("name", ["nothing.csv", "."])
def test_no_file_is_a_mistake(schema: Schema, tmp_path: Path, name: str) -> None:
    with pytest.raises(MonitoringError, match=r"cannot be read|holds no file"):
        read_rows(tmp_path / name, schema.input)


def test_a_job_is_read(tmp_path: Path) -> None:
    content = {
        "about": {"model": "bikes"},
        "expected_requests": 100,
        "captured_share": 0.2,
        "outcome": None,
        "settings": {"psi": 0.2},
    }

    job = Job.read(_written(tmp_path / "job.json", content))

    assert (job.about, job.expected_requests) == ({"model": "bikes"}, 100)
    assert (job.captured_share, Job().captured_share) == (0.2, 1)
    assert job.settings_over(Settings(minimum_rows=9)) == Settings(psi=0.2, minimum_rows=9)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"abuot": {}}, "abuot is not a key; allowed: about, baseline_sha256"),
        ({"about": {"model": 1}}, "an object of texts"),
        ({"dimensions": []}, "an object"),
        ({"expected_requests": 0}, "a number above 0"),
        ({"expected_requests": True}, "a number above 0"),
        ({"captured_share": 1.2}, "a number above 0, up to 1"),
        ({"captured_share": 0}, "a number above 0, up to 1"),
        ([], "is not a JSON object"),
        ("{", "is not JSON"),
    ],
)
def test_a_job_that_cannot_be_meant_is_refused(tmp_path: Path, content: Any, named: str) -> None:
    with pytest.raises(MonitoringError, match=named):
        Job.read(_written(tmp_path / "job.json", content))


def test_a_threshold_that_cannot_be_meant_is_refused_with_the_jobs_file(tmp_path: Path) -> None:
    job = Job.read(_written(tmp_path / "job.json", {"settings": {"psi": -1}}))

    with pytest.raises(MonitoringError, match=r"job\.json: psi is"):
        job.settings_over(Settings())


def test_the_problem_is_the_contracts(schema: Schema) -> None:
    job = Job(outcome={"prediction": "demand"})

    found = job.outcome_for({"problem": {"type": "regression", "target": "cnt"}}, schema)

    assert found == Outcome(problem="regression", prediction="demand")


def test_labels_without_an_outcome_are_a_mistake(schema: Schema) -> None:
    with pytest.raises(MonitoringError, match="add the key outcome"):
        Job().outcome_for({}, schema)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MonitoringError, match=r"job\.json: cannot be read"):
        read_json(tmp_path / "job.json")
