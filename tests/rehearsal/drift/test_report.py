"""What a replay found is told as it was."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mlops.dashboards import Served
from mlops.rehearsal.drift import report
from mlops.rehearsal.drift.page import page
from mlops.rehearsal.drift.rehearsal import objections
from mlops.rehearsal.drift.results import DriftRehearsal


@pytest.fixture
def rehearsal(tmp_path: Path, a_period: Any, a_training: Any, served: Served) -> DriftRehearsal:
    return DriftRehearsal(
        id="abc",
        model="tiny",
        stage="prod",
        fault="none",
        story="the replay alone",
        began="2026-01-01 00:00:00 UTC",
        unit="RMSE of rentals",
        served=served,
        periods=(
            a_period("2012-01", red=("drift",), answers=("started x",), trainings=(a_training(),)),
            a_period("2012-02", version=2, requests=300, error=5.0, frozen_error=20.0),
        ),
        objections=(),
        seconds=12.0,
        report=tmp_path / "report",
    )


def test_means_count_requests_and_not_periods(rehearsal: DriftRehearsal) -> None:
    assert rehearsal.error == pytest.approx((100 * 10 + 300 * 5) / 400)
    assert rehearsal.frozen_error == pytest.approx((100 * 10 + 300 * 20) / 400)


def test_the_summary_says_when_drift_was_noticed_and_what_it_came_to(
    rehearsal: DriftRehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    report.print_summary(rehearsal, Console(width=200))

    said = capsys.readouterr().out
    assert "drift detected in 1 of 2 periods: 2012-01" in said
    assert "1 automatic trainings, 1 of their versions released" in said
    assert "RMSE of rentals: 6.25 with retraining, 17.5 without" in said
    assert "as expected in 12 s" in said


def test_page_and_record_hold_both_errors_and_every_period(rehearsal: DriftRehearsal) -> None:
    report.write(rehearsal)

    text = (rehearsal.report / "index.html").read_text()
    record = json.loads((rehearsal.report / "drift.json").read_text())
    assert record["frozen_error"] == 17.5
    assert [one["name"] for one in record["periods"]] == ["2012-01", "2012-02"]
    assert text.count("<polyline") == 2
    assert 'href="2012-02.html"' in text
    assert "automatic-drift-20120202T060000Z" in text


@pytest.mark.parametrize("count", [1, 2])
def test_every_period_is_a_point_of_both_lines(rehearsal: DriftRehearsal, count: int) -> None:
    drawn = page(replace(rehearsal, periods=rehearsal.periods[:count]))

    for line in ("live", "frozen"):
        assert drawn.count(f'<circle class="{line}"') == count


def test_what_came_from_outside_is_escaped(rehearsal: DriftRehearsal, a_period: Any) -> None:
    changed = replace(rehearsal, periods=(a_period("2012-01", reasons=("<script>",)),))

    assert "<script>" not in page(changed)


def test_drift_that_nobody_was_asked_about_is_an_objection(a_period: Any) -> None:
    found = list(objections([a_period("2012-01", red=("drift",))], "none"))

    assert found == ["2012-01: drift was found and nobody was asked to retrain"]


@pytest.mark.parametrize(
    ("fault", "seen", "said"),
    [
        ("no-capture", ((), 0), "the alarm missing-capture is not red"),
        ("no-capture", (("missing-capture", "drift"), 0), "the alarm drift is red"),
        ("no-capture", (("missing-capture",), 1), "1 trainings were started, not 0"),
        ("flapping-alarm", (("drift",), 2), "2 trainings were started, not 1"),
    ],
)
def test_what_a_fault_must_lead_to_is_asked_for(
    a_period: Any, a_training: Any, fault: str, seen: tuple[tuple[str, ...], int], said: str
) -> None:
    red, trained = seen
    result = a_period("2012-01", red=red, answers=("held",), trainings=[a_training()] * trained)

    assert any(said in objection for objection in objections([result], fault))


def test_a_fault_that_led_to_what_it_must_gives_no_objection(a_period: Any) -> None:
    assert list(objections([a_period("2012-01", red=("missing-capture",))], "no-capture")) == []


@pytest.mark.parametrize(
    ("later", "said"),
    [((), []), (("missing-capture",), ["2012-02: the alarm missing-capture is still red"])],
)
def test_an_alarm_that_stays_red_after_its_fault_is_an_objection(
    a_period: Any, later: tuple[str, ...], said: list[str]
) -> None:
    periods = [a_period("2012-01", red=("missing-capture",)), a_period("2012-02", red=later)]

    assert list(objections(periods, "no-capture")) == said


def test_trainings_are_counted_where_the_fault_was(a_period: Any, a_training: Any) -> None:
    faulty = a_period("2012-01", red=("drift",), answers=("held",), trainings=[a_training()])
    later = replace(faulty, name="2012-02")

    assert list(objections([faulty, later], "flapping-alarm")) == []
