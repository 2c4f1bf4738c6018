"""The page, the record and the table of a delivery, for somebody who was not there."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mlops.rehearsal.canary.results import DeploymentResult
from mlops.rehearsal.delivery import report
from mlops.rehearsal.delivery.page import page
from mlops.rehearsal.delivery.results import (
    Chapter,
    DeliveryRehearsal,
    PipelineRun,
    StageRun,
    Waking,
)

COMMIT = "0123456789abcdef"


@pytest.fixture
def rehearsal(deployed: Callable[..., DeploymentResult], tmp_path: Path) -> DeliveryRehearsal:
    dev = StageRun(stage="dev", version=3, before=2, deployment=None, passed=True, reason="")
    staging = StageRun(
        stage="staging",
        version=3,
        before=2,
        deployment=deployed("rolled back"),
        passed=False,
        reason="release 2 is live <instead>",
        outcome="unhealthy: model",
        told=("bike-demand 3 was rolled back in staging",),
        page="2-staging/index.html",
    )
    woken = Waking(
        cause="the sweep", rules=(), said="bike-demand: pin 3", commit=COMMIT, message="Release: 3"
    )
    run = PipelineRun(commit=COMMIT, subject="Release: 3", stages=(dev, staging))
    again = Waking(cause="evidence", rules=("stage/Rule", "delivery/Rule"), said="", commit=None)
    return DeliveryRehearsal(
        id="abc",
        model="bike-demand",
        began="2026-01-01",
        fault="5xx",
        base=1,
        good=2,
        bad=3,
        chapters=(Chapter(title="A <version>", story="It fails.", acts=(woken, run, again)),),
        pins={"dev": 2, "staging": 2},
        live={"dev": 3, "staging": 2},
        statuses={2: "Approved", 3: "Rejected"},
        reasons={3: "rolled back in staging"},
        log=("0123456 Release: 3",),
        objections=(),
        seconds=90.0,
        report=tmp_path / "reports" / "abc",
    )


def printed(rehearsal: DeliveryRehearsal) -> str:
    console = Console(file=io.StringIO(), width=150)
    report.print_summary(rehearsal, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_page_tells_what_stopped_the_run_and_who_was_told(
    rehearsal: DeliveryRehearsal,
) -> None:
    text = page(rehearsal)

    assert "stopped at staging" in text
    assert 'href="2-staging/index.html"' in text
    assert "bike-demand 3 was rolled back in staging" in text
    assert "stage/Rule → delivery/Rule" in text
    assert "nothing to do" in text


def test_nothing_that_somebody_wrote_is_markup(rehearsal: DeliveryRehearsal) -> None:
    text = page(rehearsal)

    assert "<version>" not in text
    assert "<instead>" not in text


def test_both_files_stand_beside_the_pages_of_the_deployments(
    rehearsal: DeliveryRehearsal,
) -> None:
    (rehearsal.report / "2-staging").mkdir(parents=True)

    report.write(rehearsal)

    assert {path.name for path in rehearsal.report.iterdir()} == {
        "2-staging", "index.html", "delivery.json",
    }  # fmt: skip
    record = json.loads((rehearsal.report / "delivery.json").read_text())
    assert record["chapters"][0]["acts"][1]["stages"][1]["deployment"] == "rolled back"


def test_the_summary_names_the_end_the_reason_and_the_page(rehearsal: DeliveryRehearsal) -> None:
    text = printed(rehearsal)

    assert "version 3: Rejected: rolled back in staging" in text
    assert "as expected in 90 s" in text
    assert "index.html" in text


def test_what_was_not_as_it_must_be_is_said_last(rehearsal: DeliveryRehearsal) -> None:
    text = printed(replace(rehearsal, objections=("version 3 reached prod",)))

    assert "version 3 reached prod" in text
    assert "not as expected" in text
