from __future__ import annotations

import dataclasses
import hashlib
import json
import logging

import pytest

from mlops.container.jobs import evaluation
from mlops.container.jobs.job import DataError
from mlops.rollout.content import content_of_archive

LOG = logging.getLogger("test")
PLAIN = """
import json
def model_fn(model_dir):
    return len
def input_fn(body, content_type):
    return json.loads(body) if content_type == "application/json" else [
        {"text": line} for line in body.splitlines()[body.startswith("text"):]
    ]
def predict_fn(rows, model):
    return [{"length": model(row["text"])} for row in rows]
def output_fn(prediction, accept):
    if accept == "text/csv":
        return "length\\n" + "".join(f"{row['length']}\\n" for row in prediction)
    return json.dumps(prediction)
"""
ROWS = [{"text": "a" * length} for length in (1, 2, 3)]


def judge(versions, folder):
    """The mean error of the lengths, with the folder's name for a check of what is passed."""

    def error(archive):
        found = archive.predictions(ROWS)["length"]
        return sum(abs(len(row["text"]) - n) for row, n in zip(ROWS, found, strict=True)) / 3

    mae = {"mae": error(versions.candidate)}
    approved = {"mae": error(versions.approved)} if versions.approved else {}
    return {
        "metrics": {"mae": {"value": mae["mae"]}},
        "approved": approved,
        "regression": evaluation.worsening(mae, approved, {"mae": False}),
        "folder": folder.name,
    }


@pytest.fixture
def evaluated(monkeypatch, tmp_path, arguments, packed_contract):
    """Both reports of an evaluation."""
    monkeypatch.setattr(evaluation, "load_contract", lambda: packed_contract)
    (tmp_path / "parts/test").mkdir(parents=True)
    (tmp_path / "parts/test/part.csv").write_text("text,length\nx,1\nxyz,3\n")

    def run(candidate, approved, number):
        arguments(
            "--model", candidate, "--approved", approved, "--approved-version", number,
            "--data-dir", tmp_path / "parts", "--output-dir", tmp_path / "out",
        )  # fmt: skip
        evaluation.run(judge, "Judge lengths.", LOG)
        return [
            json.loads((tmp_path / f"out/{name}.json").read_text())
            for name in ("evaluation", "answers")
        ]

    return run


def test_a_first_version_has_nothing_to_be_worse_than(evaluated, version):
    candidate = version("candidate")

    report, _ = evaluated(candidate, candidate, 0)

    assert {name: said for name, said in report.items() if name != "content"} == {
        "metrics": {"mae": {"value": 0.0}},
        "approved": {"version": 0, "metrics": {}},
        "regression": {"mae": 0.0},
        "folder": "parts",
        "gates": {"passed": True, "message": "all gates passed"},
    }


def test_the_report_says_which_archive_was_judged_and_which_answers_were_kept(
    evaluated, version, tmp_path
):
    candidate = version("candidate", extra=1)

    report, _ = evaluated(candidate, candidate, 0)

    with (candidate / "model.tar.gz").open("rb") as stream:
        archive = content_of_archive(stream).digest
    kept = hashlib.sha256((tmp_path / "out/answers.json").read_bytes()).hexdigest()
    assert report["content"] == {"archive_sha256": archive, "answers_sha256": kept}


@pytest.mark.parametrize(("value", "passed"), [(0.94, False), (0.95, True)])
def test_a_gate_decides_by_the_value_whatever_its_bounds_are(
    monkeypatch, evaluated, version, value, passed
):
    gate = {"metric": "r2", "comparison": "at_least", "threshold": 0.95}
    gated = dataclasses.replace(evaluation.load_contract(), gates=(gate,))
    monkeypatch.setattr(evaluation, "load_contract", lambda: gated)
    # Either bound would decide otherwise in one of both cases.
    figure = {"value": value, "low": 0.5, "high": 0.99}
    judged = {"metrics": {"r2": figure}, "approved": {}, "regression": {"r2": 0.0}}
    monkeypatch.setitem(globals(), "judge", lambda *_: judged)

    candidate = version("candidate")

    report, _ = evaluated(candidate, candidate, 0)

    assert report["gates"]["passed"] is passed


def test_a_later_version_is_compared_with_the_approved_one(evaluated, version):
    report, _ = evaluated(version("candidate", extra=3), version("approved", extra=1), 4)

    assert report["approved"] == {"version": 4, "metrics": {"mae": 1.0}}
    assert report["regression"] == {"mae": 2.0}
    assert report["gates"]["message"] == (
        "mae is 3, must be at most 0.5: missed by 2.5; "
        "mae is 2 worse than the approved version, allowed: 0.1"
    )


def test_the_candidates_own_answers_to_the_examples_are_recorded(evaluated, version):
    candidate = version("candidate", extra=1)

    _, answers = evaluated(candidate, version("approved"), 1)

    assert answers["cases"][:2] == [
        {"name": "batch", "request": [{"text": "four"}], "response": [{"length": 5}]},
        {"name": "plain", "request": "three", "response": [{"length": 6}]},
    ]


def test_where_no_field_tells_of_a_person_held_out_rows_are_asked_in_every_form(
    evaluated, version, monkeypatch, caplog
):
    nobody = dataclasses.replace(evaluation.load_contract(), personal_fields=())
    monkeypatch.setattr(evaluation, "load_contract", lambda: nobody)

    _, answers = evaluated(version("candidate", code=PLAIN), version("approved"), 0)

    asked = {case["name"].rpartition("-")[0]: case for case in answers["cases"][2:]}
    assert {kind: case["response"] for kind, case in asked.items()} == {
        "rows-json": [{"length": 1}, {"length": 3}],
        "row-csv": "length\n3\n",
        "rows-csv": "length\n1\n3\n",
        "rows-csv-to-json": [{"length": 1}, {"length": 3}],
    }
    assert asked["rows-json"]["request"] == [{"text": "x"}, {"text": "xyz"}]
    assert asked["row-csv"]["request"] == "text\nxyz\n"
    assert "not answered" in caplog.text  # one object, and instances: this model takes lists alone


def test_worse_is_positive_whichever_way_a_metric_points():
    directions = {"r2": True, "rmse": False, "mae": False}
    candidate = {"r2": 0.8, "rmse": 12.0, "mae": 5.0}

    found = evaluation.worsening(candidate, {"r2": 0.9, "rmse": 10.0, "mae": 6.0}, directions)

    assert found == {"r2": pytest.approx(0.1), "rmse": 2.0, "mae": -1.0}


def test_a_metric_that_the_approved_version_has_not_is_no_regression():
    found = evaluation.worsening({"mae": 5.0}, {}, {"mae": False})

    assert str(found) == "{'mae': 0.0}"


@pytest.mark.parametrize(
    ("judgement", "missing"),
    [
        ({}, "no metrics"),
        ({"metrics": {}, "regression": {}}, "no approved"),
        ({"metrics": {"mae": {}}, "regression": {}, "approved": {}}, r"no metrics\.mae\.value"),
    ],
)
def test_a_judgement_without_what_is_read_of_it_is_the_models(
    monkeypatch, tmp_path, arguments, packed_contract, *, version, judgement, missing
):
    monkeypatch.setattr(evaluation, "load_contract", lambda: packed_contract)
    arguments("--model", version("candidate"), "--output-dir", tmp_path / "out")

    with pytest.raises(DataError, match=rf"evaluate\.py: judge\(\) returns {missing}"):
        evaluation.run(lambda versions, folder: judgement, "", LOG)

    assert not (tmp_path / "out").exists()
