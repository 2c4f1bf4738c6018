from __future__ import annotations

import json
import shutil

import pytest
from model_runs import example_cases, packed_archive


def evaluated_against(script, folder, parts, candidate, approved, *, version="7"):
    done = script(
        "evaluate", "--model", candidate, "--approved", approved, "--approved-version", version,
        "--data-dir", parts, "--output-dir", folder / "out",
    )  # fmt: skip
    path = folder / "out/evaluation.json"
    return done, json.loads(path.read_text()) if path.exists() else None


def changed_version(folder, trained, module, old, new):
    """A channel with a version whose own code was edited."""
    model_dir = folder / "changed"
    shutil.copytree(trained.model_dir, model_dir)
    path = model_dir / "code" / module
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return packed_archive(folder, model_dir)


def test_a_first_version_has_nothing_to_be_worse_than(evaluated):
    evaluation = evaluated["evaluation"]

    assert evaluation["approved"] == {"version": 0, "metrics": {}}
    assert set(evaluation["regression"].values()) == {0.0}


def test_the_gates_pass_on_held_out_hours_of_2011(evaluated):
    assert evaluated["evaluation"]["gates"] == {"passed": True, "message": "all gates passed"}


def test_the_thresholds_keep_clear_of_chance_and_of_every_baseline(evaluated, model_yaml):
    evaluation = evaluated["evaluation"]
    thresholds = {gate["metric"]: gate["threshold"] for gate in model_yaml["gates"]}

    assert thresholds["r2"] < evaluation["metrics"]["r2"]["low"]
    assert thresholds["rmse"] > evaluation["metrics"]["rmse"]["high"]
    assert thresholds["interval_coverage"] < evaluation["metrics"]["interval_coverage"]["low"]
    for baseline in evaluation["baselines"].values():
        assert baseline["r2"] < thresholds["r2"] - 0.2
        assert baseline["rmse"] > thresholds["rmse"] * 2


def test_every_metric_has_its_confidence_bounds(evaluated):
    for metrics in (
        evaluated["evaluation"]["metrics"],
        evaluated["evaluation"]["later"]["metrics"],
    ):
        assert metrics.keys() == {"r2", "rmse", "mae", "interval_coverage"}
        assert all(m["low"] <= m["value"] <= m["high"] for m in metrics.values())


def test_2012_is_reported_as_drift_and_no_gate_reads_it(evaluated):
    evaluation = evaluated["evaluation"]

    assert evaluation["later"]["metrics"]["r2"]["value"] < evaluation["metrics"]["r2"]["low"] - 0.2
    assert (
        evaluation["later"]["mean_label"]["later"]
        > 1.4 * evaluation["later"]["mean_label"]["train"]
    )


def test_the_segments_of_each_kind_add_up_to_the_test_rows(evaluated):
    evaluation = evaluated["evaluation"]

    for segments in evaluation["segments"].values():
        assert sum(segment["rows"] for segment in segments.values()) == evaluation["rows"]["test"]


def test_the_versions_own_answers_to_the_examples_are_recorded(evaluated):
    cases = evaluated["answers"]["cases"]

    assert [case["name"] for case in cases] == [case["name"] for case in example_cases()]
    assert all(case.keys() == {"name", "request", "response"} for case in cases)


def test_the_approved_version_answers_with_its_own_code(script, tmp_path, parts, trained):
    better = changed_version(
        tmp_path, trained, "inference.py", '"demand": d,', '"demand": d + 20.0,'
    )

    done, evaluation = evaluated_against(script, tmp_path, parts, better, trained.channel)

    assert done.code == 0
    assert evaluation["approved"]["version"] == 7
    worse_by = evaluation["regression"]
    gained = evaluation["metrics"]["rmse"]["value"] - evaluation["approved"]["metrics"]["rmse"]
    assert worse_by["rmse"] == pytest.approx(gained)
    assert worse_by["rmse"] > 2
    assert not evaluation["gates"]["passed"]
    assert "worse than the approved version, allowed: 2" in evaluation["gates"]["message"]


def test_an_older_version_is_shown_only_the_fields_that_it_knows(script, tmp_path, parts, trained):
    """The approved version comes from before `windspeed` was an input."""
    contract = json.loads((trained.model_dir / "code/contract.json").read_text())
    field = next(f for f in contract["schema"]["input"] if f["name"] == "windspeed")
    older = changed_version(tmp_path, trained, "contract.json", ", " + json.dumps(field), "")

    done, evaluation = evaluated_against(script, tmp_path, parts, trained.channel, older)

    assert done.code == 0
    assert evaluation["approved"]["metrics"]["r2"] > 0.8


def test_a_version_that_cannot_answer_ends_with_one_clear_line(script, tmp_path, parts, trained):
    broken = changed_version(tmp_path, trained, "features.py", "import numpy as np", "import numpi")

    done, evaluation = evaluated_against(script, tmp_path, parts, trained.channel, broken)

    assert done.code == 1
    assert evaluation is None
    assert done.reason == (
        "the approved version cannot answer: ModuleNotFoundError: No module named 'numpi'"
    )


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_missing_or_broken_archive_ends_with_one_clear_line(script, tmp_path, parts, content):
    channel = tmp_path / "broken"
    channel.mkdir()
    if content is not None:
        (channel / "model.tar.gz").write_bytes(content)

    done, _ = evaluated_against(script, tmp_path, parts, channel, channel, version="0")

    assert done.code == 3
    assert "model.tar.gz: cannot be unpacked" in done.reason
