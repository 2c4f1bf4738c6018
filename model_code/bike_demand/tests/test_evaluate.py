from __future__ import annotations

import json

import pytest
from models import changed_version


def test_the_gates_pass_on_recent_held_out_hours(evaluated):
    assert evaluated["evaluation"]["gates"] == {"passed": True, "message": "all gates passed"}


def test_the_thresholds_keep_clear_of_chance_and_of_every_baseline(evaluated, model):
    evaluation = evaluated["evaluation"]
    thresholds = {gate["metric"]: gate["threshold"] for gate in model.yaml["gates"]}

    assert thresholds["r2"] < evaluation["metrics"]["r2"]["low"]
    assert thresholds["wape"] > evaluation["metrics"]["wape"]["high"]
    assert thresholds["interval_coverage"] < evaluation["metrics"]["interval_coverage"]["low"]
    for baseline in evaluation["baselines"].values():
        assert baseline["r2"] < thresholds["r2"] - 0.1
        assert baseline["wape"] > thresholds["wape"] * 1.5


def test_the_gates_read_the_last_days_before_the_end_of_training(evaluated):
    evaluation = evaluated["evaluation"]

    assert evaluation["window"] == {
        "rows": 436, "days": 91, "first": "2011-10-02", "last": "2011-12-31",
    }  # fmt: skip
    assert evaluation["held_out"]["metrics"].keys() == evaluation["metrics"].keys()
    assert evaluation["held_out"]["metrics"]["r2"] != evaluation["metrics"]["r2"]


def test_a_version_of_all_the_data_is_judged_without_a_later_part(model, tmp_path, hyperparameters):
    parts = model.preprocessed(tmp_path, model.sample, "--training-end", "none")
    trained = model.train(tmp_path, parts, hyperparameters)

    evaluation = model.evaluate(tmp_path, parts, trained.channel)["evaluation"]

    assert evaluation["window"]["last"] == "2012-12-31"
    assert evaluation["later"] == {}
    assert evaluation["rows"]["later"] == 0


def test_every_metric_has_its_confidence_bounds(evaluated):
    for metrics in (
        evaluated["evaluation"]["metrics"],
        evaluated["evaluation"]["later"]["metrics"],
    ):
        assert metrics.keys() == {"r2", "rmse", "mae", "wape", "interval_coverage"}
        assert all(m["low"] <= m["value"] <= m["high"] for m in metrics.values())


def test_2012_is_reported_as_drift_and_no_gate_reads_it(evaluated):
    evaluation = evaluated["evaluation"]

    assert evaluation["later"]["metrics"]["r2"]["value"] < evaluation["metrics"]["r2"]["low"] - 0.2
    assert (
        evaluation["later"]["mean_label"]["later"]
        > 1.4 * evaluation["later"]["mean_label"]["train"]
    )


def test_the_approved_version_answers_with_its_own_code(model, tmp_path, parts, trained):
    better = changed_version(
        tmp_path, trained, "inference.py", '"demand": d,', '"demand": d + 20.0,'
    )

    done, written = model.compared(tmp_path, parts, better, trained.channel, version=7)

    evaluation = written["evaluation"]
    assert done.code == 0
    assert evaluation["approved"]["version"] == 7
    worse_by = evaluation["regression"]
    gained = evaluation["metrics"]["wape"]["value"] - evaluation["approved"]["metrics"]["wape"]
    assert worse_by["wape"] == pytest.approx(gained)
    assert worse_by["wape"] > 0.02
    assert not evaluation["gates"]["passed"]
    assert "worse than the approved version, allowed: 0.02" in evaluation["gates"]["message"]


def test_an_older_version_is_shown_only_the_fields_that_it_knows(model, tmp_path, parts, trained):
    """The approved version comes from before `windspeed` was an input."""
    contract = json.loads((trained.model_dir / "code/contract.json").read_text())
    field = next(f for f in contract["schema"]["input"] if f["name"] == "windspeed")
    older = changed_version(tmp_path, trained, "contract.json", ", " + json.dumps(field), "")

    done, written = model.compared(tmp_path, parts, trained.channel, older)

    assert done.code == 0
    assert written["evaluation"]["approved"]["metrics"]["r2"] > 0.8
