"""One run of checks as files: JSON for programs, JUnit XML for CodeBuild, a page for people."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from mlops.checks.result import Result, Status, counts, verdict

JSON: Final = "report.json"
JUNIT: Final = "report.xml"
PAGE: Final = "index.html"
SUMMARY: Final = "summary.txt"
_ELEMENTS: Final = {Status.FAILED: "failure", Status.INVALID: "error", Status.SKIPPED: "skipped"}
_SCHEMA: Final = 1
_SHOWN: Final = 3
_LONGEST: Final = 900


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one run found."""

    title: str
    """Which checks, of which stage."""
    began: datetime
    results: Sequence[Result]

    @property
    def passed(self) -> bool:
        """Whether a promotion may go on."""
        return verdict(self.results)

    @property
    def summary(self) -> str:
        """One line: how many of what, and the first that stop."""
        found = ", ".join(f"{count} {status}" for status, count in counts(self.results) if count)
        stopping = [str(one) for one in self.results if one.finding.status.stops]
        return "; ".join([f"{self.title}: {found or 'nothing was checked'}", *stopping[:_SHOWN]])


def write_report(report: Report, folder: Path, *, page: str) -> None:
    """Write every form of a report; each file appears complete or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        (JSON, as_json(report)),
        (JUNIT, as_junit(report)),
        (PAGE, page),
        (SUMMARY, report.summary[:_LONGEST] + "\n"),
    ):
        beside = folder / f".{os.getpid()}-{name}"
        beside.write_text(text, "utf-8")
        beside.replace(folder / name)


def as_json(report: Report) -> str:
    """The report as data."""
    content = {
        "schema": _SCHEMA,
        "title": report.title,
        "began": report.began.astimezone(UTC).isoformat(timespec="seconds"),
        "passed": report.passed,
        "results": [
            {
                "check": one.question.check,
                "subject": one.question.subject,
                "name": one.question.name,
                "status": str(one.finding.status),
                "detail": one.finding.detail,
                "seconds": round(one.seconds, 3),
            }
            for one in report.results
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def as_junit(report: Report) -> str:
    """The report as test reports are written: a suite, and a case for each question."""
    found = dict(counts(report.results))
    suite = ET.Element(
        "testsuite",
        name=report.title,
        timestamp=report.began.astimezone(UTC).isoformat(timespec="seconds"),
        tests=str(len(report.results)),
        failures=str(found[Status.FAILED]),
        errors=str(found[Status.INVALID]),
        skipped=str(found[Status.SKIPPED]),
    )
    for one in report.results:
        suite.append(_case(one))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(result: Result) -> ET.Element:
    asked, found = result.question, result.finding
    case = ET.Element(
        "testcase",
        classname=f"{asked.check}.{asked.subject}",
        name=asked.name,
        time=f"{result.seconds:.3f}",
    )
    element = _ELEMENTS.get(found.status)
    if element is None:
        ET.SubElement(case, "system-out").text = found.detail
    else:
        ET.SubElement(case, element, message=found.detail)
    return case
