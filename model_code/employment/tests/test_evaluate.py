from __future__ import annotations

import pytest
from models import changed_version


def test_the_gaps_of_every_declared_group_are_measured(model, evaluated):
    evaluation = evaluated["evaluation"]
    fields = [group["field"] for group in model.yaml["problem"]["groups"]]

    gaps = {name for name in evaluation["metrics"] if "_gap_" in name}
    assert gaps == {
        f"{metric}_{field}"
        for metric in ("demographic_parity_gap", "equal_opportunity_gap")
        for field in fields
    }
    assert evaluation["groups"].keys() == set(fields)
    assert set(evaluation["groups"]["sex"]) == {"Male", "Female"}


def test_children_are_left_out_of_the_figures_of_the_grown(evaluated):
    """Nobody under 16 is employed, so children lift every figure that counts them."""
    evaluation = evaluated["evaluation"]

    children = evaluation["segments"]["age"]["under 16"]
    assert children["accuracy"] == 1
    assert evaluation["grown"]["roc_auc"]["value"] < evaluation["metrics"]["roc_auc"]["value"]


def test_every_later_year_is_reported_by_itself_and_no_gate_reads_it(evaluated):
    evaluation = evaluated["evaluation"]

    assert evaluation["later"].keys() == {"2016", "2017", "2018"}
    for year in evaluation["later"].values():
        assert year["rows"] > 900
        assert all(m["low"] <= m["value"] <= m["high"] for m in year["metrics"].values())


def test_the_model_beats_what_a_person_would_answer(evaluated):
    evaluation = evaluated["evaluation"]

    baselines = [each["roc_auc"] for each in evaluation["baselines"].values()]
    assert len(baselines) == 3
    assert evaluation["metrics"]["roc_auc"]["value"] > max(baselines)


def test_the_approved_version_answers_with_its_own_code(model, tmp_path, parts, trained):
    sexist = changed_version(
        tmp_path,
        trained,
        "inference.py",
        "features.matrix(request.rows)",
        'features.matrix([row | {"age": 70} if row["sex"] == "2" else row'
        " for row in request.rows])",
    )

    done, written = model.compared(tmp_path, parts, sexist, trained.channel, version=7)

    evaluation = written["evaluation"]
    assert done.code == 0
    assert evaluation["approved"]["version"] == 7
    name = "equal_opportunity_gap_sex"
    worse_by = evaluation["metrics"][name]["value"] - evaluation["approved"]["metrics"][name]
    assert evaluation["regression"][name] == pytest.approx(worse_by)
    assert worse_by > 0.3
    assert f"{name} is {worse_by:.3g} worse than the approved" in evaluation["gates"]["message"]
