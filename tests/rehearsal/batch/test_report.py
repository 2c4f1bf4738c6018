"""A page and a record say what was answered, what was refused and why."""

import dataclasses
import json
from pathlib import Path

import pytest

from mlops.rehearsal.batch import report
from mlops.rehearsal.batch.results import BatchRehearsal, Monitored
from mlops.rehearsal.local_aws.transform import ScoredFile
from mlops.rehearsal.pipeline.results import StepResult

JOINED = {"id": "1", "features": {"x": "<b>"}, "SageMakerOutput": {"y": 2}}
GOOD = ScoredFile(name="a.jsonl", rows=30, requests=2, seconds=0.5, failure=None, first=(JOINED,))
BAD = ScoredFile(name="b.jsonl", rows=10, requests=1, seconds=0.5, failure="line 11: HTTP 400")


@pytest.fixture
def succeeded(tmp_path: Path) -> BatchRehearsal:
    step = StepResult(name="Transform", kind="Transform", status="Succeeded")
    monitored = Monitored(rows=30, verdict="quiet", reasons=(), page="drift.html")
    return BatchRehearsal(
        id="r", model="churn", stage="prod", version=3, source="a.jsonl", began="now",
        steps=(step,), files=(GOOD,), metrics={"EmptyFiles": 1.0}, monitored=monitored,
        failures=(), seconds=2.0, report=tmp_path / "report",
    )  # fmt: skip


@pytest.fixture
def failed(succeeded: BatchRehearsal) -> BatchRehearsal:
    step = StepResult(name="Transform", kind="Transform", status="Failed", failure="ClientError: b")
    return dataclasses.replace(
        succeeded, steps=(step,), files=(GOOD, BAD), monitored=None,
        failures=("Transform: ClientError: b",),
    )  # fmt: skip


def test_the_page_shows_rows_lines_and_monitoring_and_escapes_what_people_sent(
    succeeded: BatchRehearsal,
) -> None:
    report.write(succeeded)

    page = (succeeded.report / "index.html").read_text()
    for part in ("1 scored, 0 refused, 1 empty", ">60<", "drift.html", "&lt;b&gt;", "succeeded"):
        assert part in page
    assert "<b>" not in page


def test_rows_of_a_refused_file_count_for_nothing(failed: BatchRehearsal) -> None:
    found = json.loads(report.record(failed))

    assert (found["rows"], found["rows_per_second"]) == (30, 60.0)
    assert found["failure"] == "Transform: ClientError: b"
    assert "line 11: HTTP 400" in report.page(failed)
    assert "1 scored, 1 refused" in report.page(failed)
