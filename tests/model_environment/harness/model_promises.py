"""What every model promises, whatever it predicts: a model's tests import all of it.

They stand on the fixtures of `model_fixtures`, so they run on the model's own data.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from example_rows import rows_of, written_as_csv, wrong_value
from models import Model, Trained, extended_version
from served_models import JSON, Server, ready, started


def test_the_committed_data_is_the_recorded_version(model: Model) -> None:
    content = model.sample.read_bytes()

    assert hashlib.sha256(content).hexdigest() == model.yaml["data"]["version"]


def test_every_package_of_the_lock_has_a_hash(model: Model) -> None:
    packages = re.split(r"\n(?=[A-Za-z])", (model.folder / "requirements.lock").read_text())
    pinned = [text for text in packages if not text.startswith(("#", "-"))]

    assert pinned
    assert [text.split()[0] for text in pinned if "--hash=sha256:" not in text] == []


@pytest.mark.parametrize("name", ["starlette", "uvicorn"])
def test_the_lock_pins_what_the_server_imports(model: Model, name: str) -> None:
    lock = (model.folder / "requirements.lock").read_text()

    has_own_image = (model.folder / "Dockerfile").is_file()
    assert has_own_image or re.search(rf"^{name}(\[.*\])?==\d", lock, re.MULTILINE)


def test_training_twice_gives_the_same_model_to_the_last_byte(
    model: Model, tmp_path: Path, parts: Path, trained: Trained, hyperparameters: Path
) -> None:
    again = model.train(tmp_path, parts, hyperparameters).model_dir

    files = [path.relative_to(again) for path in again.rglob("*") if path.is_file()]
    assert files
    for name in files:
        assert (again / name).read_bytes() == (trained.model_dir / name).read_bytes(), name


def test_the_archive_holds_every_file_of_the_code(model: Model, trained: Trained) -> None:
    code = trained.model_dir / "code"
    packed = {path.relative_to(code) for path in code.rglob("*") if path.is_file()}

    within = (path.relative_to(model.packed) for path in model.packed.rglob("*.*"))
    sources = {path for path in within if path.parts[0] != "monitoring" and path.suffix != ".pyc"}
    # The drift engine judges from outside, with its own sheet; answers are judged before. What
    # checks an archive is no part of it.
    assert packed == sources - {Path("sheet.py"), Path("probes.py"), Path("content.py")}
    assert {"inference.py", "serve.py", "jobs/payload.py"} <= set(map(str, packed))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "holds no row; check the split of the data"),
        (None, "there is no such file; run preprocess first"),
    ],
)
def test_bad_training_data_ends_with_one_clear_line_and_exit_code_3(
    model: Model, tmp_path: Path, parts: Path, content: str | None, reason: str
) -> None:
    (tmp_path / "train").mkdir()
    if content is not None:
        (tmp_path / "train/part.csv").write_text(content)

    done = model.run(
        "train", "--train", tmp_path / "train", "--validation", parts / "validation",
        "--hyperparameters", model.hyperparameters(tmp_path), "--model-dir", tmp_path / "model",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.code == 3
    assert done.reason.endswith(reason)


def test_the_data_passes_every_check_and_each_is_reported(
    model: Model, parts: Path, tmp_path: Path
) -> None:
    done = model.run("validate_data", "--input-dir", parts, "--output-dir", tmp_path, cwd=tmp_path)

    report = json.loads((tmp_path / "data_quality.json").read_text())
    assert done.code == 0, done.log
    assert report["passed"]
    assert all(set(check) == {"name", "passed", "detail"} for check in report["checks"])


def test_a_version_gets_a_baseline_of_every_field_for_the_drift_job(
    model: Model, tmp_path: Path, parts: Path, trained: Trained
) -> None:
    written = model.baseline(tmp_path, parts, trained.channel)

    known = {feature["name"] for feature in written["statistics"]["features"]}
    fields = {field["name"] for side in model.yaml["schema"].values() for field in side}
    assert set(written) == {"statistics", "constraints"}
    assert fields <= known


def test_a_first_version_has_nothing_to_be_worse_than(evaluated: dict[str, Any]) -> None:
    evaluation = evaluated["evaluation"]

    assert evaluation["approved"] == {"version": 0, "metrics": {}}
    assert set(evaluation["regression"].values()) == {0.0}


def test_the_window_that_was_judged_is_the_contracts(
    model: Model, evaluated: dict[str, Any]
) -> None:
    window, rows = evaluated["evaluation"]["window"], evaluated["evaluation"]["rows"]["test"]
    days = model.yaml.get("evaluation", {}).get("recent_days")

    assert window["days"] == days
    assert (window["rows"] < rows) is (days is not None)


def test_every_gated_metric_is_measured_between_its_confidence_bounds(
    model: Model, evaluated: dict[str, Any]
) -> None:
    metrics = evaluated["evaluation"]["metrics"]

    assert {gate["metric"] for gate in model.yaml["gates"]} <= metrics.keys()
    assert metrics.keys() == evaluated["evaluation"]["regression"].keys()
    assert all(m["low"] <= m["value"] <= m["high"] for m in metrics.values())


def test_the_segments_of_each_kind_add_up_to_the_judged_rows(evaluated: dict[str, Any]) -> None:
    evaluation = evaluated["evaluation"]
    judged = evaluation["window"]["rows"]

    for segments in evaluation["segments"].values():
        assert sum(segment["rows"] for segment in segments.values()) == judged


def test_the_versions_own_answers_to_the_examples_are_recorded(
    model: Model, evaluated: dict[str, Any]
) -> None:
    cases = evaluated["answers"]["cases"][: len(model.cases)]

    assert [case["name"] for case in cases] == [case["name"] for case in model.cases]
    assert all(case.keys() == {"name", "request", "response"} for case in cases)


def test_its_answers_to_further_rows_are_recorded_in_every_form_of_request(
    model: Model, evaluated: dict[str, Any]
) -> None:
    further = evaluated["answers"]["cases"][len(model.cases) :]

    forms = Counter((case["content_type"], case["accept"]) for case in further)
    assert forms.keys() == {(JSON, JSON), ("text/csv", "text/csv"), ("text/csv", JSON)}
    assert min(forms.values()) >= 2


def test_a_version_that_cannot_answer_ends_with_one_clear_line(
    model: Model, tmp_path: Path, parts: Path, trained: Trained
) -> None:
    broken = extended_version(tmp_path, trained, "inference.py", "import numpi")

    done, written = model.compared(tmp_path, parts, trained.channel, broken)

    assert (done.code, written) == (1, {})
    said, _, error = done.reason.rpartition(": ModuleNotFoundError: ")
    assert said.startswith("the approved version cannot answer: inference.py, line ")
    assert error == "No module named 'numpi'"


def test_one_row_and_the_same_row_in_a_batch_get_the_same_answer(
    model: Model, trained: Trained
) -> None:
    rows = rows_of(model)
    together = answers_to(trained, rows)

    assert [answers_to(trained, row) for row in rows] == together
    assert answers_to(trained, {"instances": rows}) == {"predictions": together}


def test_every_answer_keeps_the_contracts_output_schema(model: Model, trained: Trained) -> None:
    from jobs.contract import load_contract

    output = load_contract().output
    for answer in answers_to(trained, rows_of(model)):
        assert list(answer) == [field.name for field in output]
        assert all(field.accepts(answer[field.name]) for field in output)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Iterator[Server]:
    """The registered archive and nothing else: its own server, code and model."""
    folder = tmp_path_factory.mktemp("served")
    with tarfile.open(trained.channel / "model.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    with started(folder / "code/serve.py", folder, MODEL_VERSION="3") as server:
        yield ready(server)


def test_the_archive_alone_repeats_its_recorded_answers_over_http(
    archive: Server, evaluated: dict[str, Any]
) -> None:
    for case in evaluated["answers"]["cases"]:
        is_csv = isinstance(case["request"], str)
        body = case["request"] if is_csv else json.dumps(case["request"])
        accept = case.get("accept", JSON)
        status, headers, text = archive.invoke(
            body, content_type="text/csv" if is_csv else JSON, accept=accept
        )

        assert (status, headers["x-model-version"]) == (200, "3")
        assert headers["content-type"].partition(";")[0] == accept
        assert (json.loads(text) if accept == JSON else text) == case["response"]


def test_a_bad_request_to_the_archive_is_a_400_that_names_the_problem(
    model: Model, archive: Server
) -> None:
    field = model.yaml["schema"]["input"][0]
    first, wrong = field["name"], wrong_value(field)

    for body, told in (
        (json.dumps(rows_of(model)[0] | {first: wrong}), f"row 0: {first} is {wrong!r}; allowed: "),
        ("{}", f"row 0: {first} is missing"),
        (b"\xff", "the body is not UTF-8 text"),
        ("", "the body is not JSON"),
    ):
        status, _, text = archive.invoke(body)
        assert (status, told in json.loads(text)["error"]) == (400, True), text


def test_a_csv_answer_comes_as_csv(model: Model, archive: Server) -> None:
    rows = rows_of(model)
    body = written_as_csv(rows, [field["name"] for field in model.yaml["schema"]["input"]])

    status, headers, text = archive.invoke(body, content_type="text/csv", accept="text/csv")

    names = [field["name"] for field in model.yaml["schema"]["output"]]
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/csv")
    assert text.splitlines()[0] == ",".join(names)
    assert len(text.splitlines()) == 1 + len(rows)


def answers_to(trained: Trained, content: object) -> Any:
    """What the model's own functions say."""
    import inference

    request = inference.input_fn(json.dumps(content), JSON)
    model = inference.model_fn(str(trained.model_dir))
    return json.loads(inference.output_fn(inference.predict_fn(request, model), "*/*"))
