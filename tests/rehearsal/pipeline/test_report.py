import dataclasses
import io
import json
import re
import string
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from mlops.registry import Metric, ModelVersion
from mlops.rehearsal.local_aws.replay import Answer, Replay
from mlops.rehearsal.pipeline import report
from mlops.rehearsal.pipeline.live import shown
from mlops.rehearsal.pipeline.page import page
from mlops.rehearsal.pipeline.results import Execution, GateResult, StepResult
from mlops.rehearsal.workspace import execution_id

EVIL = "<script>alert(1)</script>\"'&"


@pytest.fixture
def execution(tmp_path: Path) -> Execution:
    answer = Answer(
        name="case", request={"x": 1}, expected=2.0, answer=2.0, milliseconds=3.0, differences=()
    )
    return Execution(
        id="abc123",
        model="tiny",
        pipeline="mlops-tiny-training",
        status="Succeeded",
        failure=None,
        began="2026-01-01 00:00:00 UTC",
        seconds=3.0,
        parameters={"Commit": "c", "Depth": 3},
        steps=(
            StepResult(
                name="A", kind="Processing", status="Succeeded", seconds=1, reused_from="e0"
            ),
            StepResult(name="B", kind="Training", status="Succeeded", started=1, seconds=2),
            StepResult(name="C", kind="Fail", status="NotExecuted"),
        ),
        gates=(GateResult(name="r2", comparison=">=", value=0.9, limit=0.5, passed=True),),
        metrics=(Metric(name="r2", value=0.9, low=0.8, high=0.95), Metric(name="n", value=1)),
        evaluation={},
        version=ModelVersion(
            group="g", number=4, arn="arn:g/4", status="Approved", created=datetime.now(UTC)
        ),
        replay=Replay(start_seconds=0.5, recorded=(answer,), promised=()),
        report=tmp_path / "reports" / "abc123",
    )


class _Balance(HTMLParser):
    """Fails on a tag that closes nothing, and collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "line", "circle", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(execution: Execution) -> None:
    balance = _Balance()
    balance.feed(page(execution))

    assert balance.open == []
    assert balance.loads == []
    assert "http" not in re.sub(r"HTTP", "", page(execution))


def test_the_page_shows_what_people_decide_on(execution: Execution) -> None:
    text = page(execution)

    for wanted in ("from e0", "0.8 to 0.95", "&gt;= 0.5", "arn:g/4", "NotExecuted", "Commit"):
        assert wanted in text


def test_everything_from_outside_is_escaped(execution: Execution) -> None:
    evil = dataclasses.replace(
        execution,
        model=EVIL,
        failure=EVIL,
        parameters={EVIL: EVIL},
        steps=(StepResult(name=EVIL, kind=EVIL, status="Failed", failure=EVIL, reused_from=EVIL),),
        gates=(GateResult(name=EVIL, comparison=EVIL, value=EVIL, limit=EVIL, passed=False),),
        metrics=(Metric(name=EVIL, value=1),),
        replay=Replay(
            start_seconds=1,
            recorded=(
                Answer(
                    name=EVIL,
                    request=EVIL,
                    expected=EVIL,
                    answer=EVIL,
                    milliseconds=1,
                    differences=(EVIL,),
                ),
            ),
            promised=(),
            failure=EVIL,
        ),
    )

    assert "<script" not in page(evil)


def test_both_files_are_written_at_once(execution: Execution) -> None:
    report.write(execution)

    stored = json.loads((execution.report / "execution.json").read_text())
    assert stored["version"]["number"] == 4
    assert [path.name for path in execution.report.parent.iterdir()] == ["abc123"]


def test_an_interrupted_write_leaves_no_report(
    execution: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Execution) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        report.write(execution)

    assert not execution.report.exists()


def test_the_summary_names_reuse_gates_version_and_report(execution: Execution) -> None:
    console = Console(file=io.StringIO(), width=150, record=True)

    report.print_summary(execution, console)

    text = console.export_text()
    assert "reused: A" in text
    assert "registered: g version 4, Approved" in text
    assert "served: 1 of 1 recorded answers matched" in text
    assert str(execution.report / "index.html") in text.replace("\n", "")


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_told_on_every_kind_of_console(terminal: bool) -> None:
    output = io.StringIO()
    console = Console(file=output, width=100, force_terminal=terminal)

    with shown(console) as progress:
        progress.note("[note]")
        progress.started("A", "Processing")
        if terminal:
            console.print(progress)
        progress.ended(StepResult(name="A", kind="P", status="Failed", failure="[why]"))
        if terminal:
            console.print(progress)

    # Square brackets of a message are text, not markup.
    assert "[why]" in output.getvalue()
    assert "[note]" in output.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_failed_step_shows_the_end_of_its_log_and_its_place(
    terminal: bool, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    log.write_text("the [reason]\n")
    output = io.StringIO()

    with shown(Console(file=output, width=40, force_terminal=terminal)) as progress:
        for status in ("Succeeded", "Failed"):
            progress.ended(StepResult(name="A", kind="P", status=status, log=log))

    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output.getvalue())
    assert text.count(f"  A: {log} ends with") == 1
    assert "    the [reason]" in text


def test_execution_ids_have_sagemakers_form_and_sort_by_time() -> None:
    ids = [execution_id() for _ in range(50)]

    assert all(len(found) == 12 for found in ids)
    assert all(set(found) <= set(string.ascii_lowercase + string.digits) for found in ids)
    assert [found[:8] for found in ids] == sorted(found[:8] for found in ids)
    assert len(set(ids)) == 50
