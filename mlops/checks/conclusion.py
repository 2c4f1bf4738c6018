"""Runs checks to their end: every answer is told when it is there, then the report is written."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from mlops.checks.page import page
from mlops.checks.report import PAGE, Report, write_report
from mlops.checks.result import Result

PASSED = 0
STOPPED = 1


def conclude(
    title: str, results: Iterable[Result], *, folder: Path | None, say: Callable[[str], None]
) -> int:
    """The exit code of the run: 0 where a promotion may go on, 1 where not."""
    began, found = datetime.now(UTC), list[Result]()
    for result in results:
        found.append(result)
        say(str(result))
    report = Report(title=title, began=began, results=found)
    if folder is not None:
        write_report(report, folder, page=page(report))
        say(f"report: {folder / PAGE}")
    say(report.summary)
    return PASSED if report.passed else STOPPED
