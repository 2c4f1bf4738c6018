"""One run as files for programs, CodeBuild and people; no answer can break them."""

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mlops.checks.page import page
from mlops.checks.report import Report, as_junit, write_report
from mlops.checks.result import Finding, Question, Result, failed, invalid, passed, skipped

EVIL = "<script>alert('&')</script>\x00\x1b[31m\ud800]]>"


def result(name: str, finding: Finding) -> Result:
    question = Question(check="smoke", subject="churn", name=name)
    return Result(question=question, finding=finding, seconds=0.25)


@pytest.fixture
def report() -> Report:
    return Report(
        title="checks after prod",
        began=datetime(2026, 1, 1, tzinfo=UTC),
        results=[
            result("good", passed("as recorded")),
            result("bad", failed(EVIL)),
            result("unknown", invalid("late")),
            result("absent", skipped("no capture")),
        ],
    )


def test_every_form_is_written_and_no_half_file_stays(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "report", page=page(report))

    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "index.html",
        "report.json",
        "report.xml",
        "summary.txt",
    ]


def test_the_data_says_what_was_asked_and_answered(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path, page="")

    found = json.loads((tmp_path / "report.json").read_text())
    assert found["passed"] is False
    assert found["results"][0] == {
        "check": "smoke",
        "subject": "churn",
        "name": "good",
        "status": "passed",
        "detail": "as recorded",
        "seconds": 0.25,
    }


def test_a_test_report_counts_and_carries_each_answer(report: Report) -> None:
    suite = ET.fromstring(as_junit(report))  # our own

    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    kinds = {case.get("name"): case[0].tag for case in suite}
    assert kinds == {
        "good": "system-out",
        "bad": "failure",
        "unknown": "error",
        "absent": "skipped",
    }
    assert suite[1].get("classname") == "smoke.churn"


def test_the_summary_is_one_line_with_the_first_that_stop(report: Report) -> None:
    assert report.summary.startswith(
        "checks after prod: 1 passed, 1 failed, 1 skipped, 1 invalid; failed  smoke churn: bad:"
    )


def test_a_summary_stays_short_enough_for_a_variable(tmp_path: Path) -> None:
    long = Report(
        title="t", began=datetime(2026, 1, 1, tzinfo=UTC), results=[result("x", failed("y" * 9000))]
    )

    write_report(long, tmp_path, page="")

    assert len((tmp_path / "summary.txt").read_text()) < 1000


class Tags(HTMLParser):
    """Every element of a page, and where it would load something from."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]


def test_a_page_loads_nothing_and_runs_nothing(report: Report) -> None:
    found = Tags()
    found.feed(page(report))

    assert found.links == []
    assert "script" not in found.tags


def test_a_page_begins_with_the_verdict_and_with_what_stops(report: Report) -> None:
    text = page(report)

    assert "not passed: the promotion stops here" in text
    assert text.index(">bad<") < text.index(">unknown<") < text.index(">good<")


def test_a_page_of_a_run_that_passed_says_so() -> None:
    good = Report(
        title="t", began=datetime(2026, 1, 1, tzinfo=UTC), results=[result("x", passed("y"))]
    )

    assert '<span class="badge good">passed</span></h1>' in page(good)
