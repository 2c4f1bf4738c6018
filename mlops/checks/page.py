"""A run of checks as one self-contained HTML page."""

from collections.abc import Iterator
from datetime import UTC
from html import escape
from typing import Final

from mlops.checks.report import Report
from mlops.checks.result import Result, Status, counts
from mlops.sheet import Mood, badge, section, sheet, table

_MOODS: Final[dict[Status, Mood]] = {
    Status.PASSED: "good",
    Status.FAILED: "bad",
    Status.SKIPPED: "none",
    Status.INVALID: "bad",
}
_HEADINGS: Final = ("answer", "question", "why", "seconds")


def page(report: Report) -> str:
    """The whole page; what stops a promotion comes first in each section."""
    return sheet(report.title, [*_head(report), *_sections(report)])


def _head(report: Report) -> Iterator[str]:
    found = ", ".join(f"{count} {status}" for status, count in counts(report.results) if count)
    verdict = "passed" if report.passed else "not passed: the promotion stops here"
    yield f"<h1>{escape(report.title)} {badge(verdict, 'good' if report.passed else 'bad')}</h1>"
    yield f'<p class="sub">{report.began.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; {found}</p>'


def _sections(report: Report) -> Iterator[str]:
    asked = dict.fromkeys((one.question.check, one.question.subject) for one in report.results)
    for check, subject in asked:
        of_both = [
            one
            for one in report.results
            if (one.question.check, one.question.subject) == (check, subject)
        ]
        rows = [_row(one) for one in sorted(of_both, key=_urgency)]
        yield section(f"{check}: {subject}", table(_HEADINGS, rows))


def _urgency(result: Result) -> bool:
    return not result.finding.status.stops


def _row(result: Result) -> tuple[str, ...]:
    status = result.finding.status
    return (
        badge(str(status), _MOODS[status]),
        escape(result.question.name),
        escape(result.finding.detail),
        f"{result.seconds:.1f}",
    )
