"""`python -m mlops.container.monitoring`: a baseline of training data, a report on traffic."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from .analysis import Result
from .capture import Window
from .errors import MonitoringError
from .inputs import Job
from .jobs import Sample, Traffic, judge_window, make_baseline
from .reading import lost_lines
from .verdicts import Verdict

QUIET: Final = 0
USER_MISTAKE: Final = 2
ALARM: Final = 3
INCONCLUSIVE: Final = 4
NO_CAPTURE: Final = 5
_CODES: Final = {
    Verdict.QUIET: QUIET,
    Verdict.ALARM: ALARM,
    Verdict.INCONCLUSIVE: INCONCLUSIVE,
}
_EPILOGUE: Final = (
    f"exit codes of analyse: {QUIET} quiet, {ALARM} alarm, {INCONCLUSIVE} inconclusive, "
    f"{NO_CAPTURE} nothing of a caller was captured; {USER_MISTAKE} an input cannot be used"
)


def main(arguments: list[str] | None = None) -> int:
    """Run one of the two jobs; the exit code tells how it went."""
    asked = _parser().parse_args(arguments)
    try:
        return _baseline(asked) if asked.job == "baseline" else _analyse(asked)
    except MonitoringError as error:
        sys.stderr.write(f"{error}\n")
        return USER_MISTAKE


def _baseline(asked: argparse.Namespace) -> int:
    sample = Sample(training=asked.training, predictions=asked.predictions, outcome=asked.outcome)
    make_baseline(asked.contract, sample, asked.settings, asked.output)
    return QUIET


def _analyse(asked: argparse.Namespace) -> int:
    traffic = Traffic(captures=asked.captures, truth=asked.truth, window=_window(asked))
    job = Job() if asked.settings is None else Job.read(asked.settings)
    result = judge_window(asked.contract, asked.baseline, traffic, job, asked.output)
    for line in _told(result):
        sys.stdout.write(f"{line}\n")
    if asked.report_only:
        return QUIET
    lost, requests = lost_lines(result.summary.reasons), result.summary.requests
    return _CODES[result.verdict] if requests or lost else NO_CAPTURE


def _told(result: Result) -> list[str]:
    return [
        f"{result.verdict}: {result.summary.requests} requests, {result.summary.rows} rows",
        *(
            f"  {check.name}: {check.verdict}{''.join(f'; {reason}' for reason in check.reasons)}"
            for check in result.checks
        ),
    ]


def _window(asked: argparse.Namespace) -> Window | None:
    if asked.start is None and asked.end is None:
        return None
    if asked.start is None or asked.end is None or asked.start >= asked.end:
        raise MonitoringError(
            "a window has a start before its end; allowed: both --start and --end, or neither; "
            "remedy: correct them"
        )
    return Window(start=asked.start, end=asked.end)


def _moment(text: str) -> datetime:
    """ISO 8601; without a zone UTC is meant, as SageMaker means it."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mlops.container.monitoring", description=__doc__, epilog=_EPILOGUE
    )
    jobs = parser.add_subparsers(dest="job", required=True)
    baseline = jobs.add_parser("baseline", help="write statistics.json and constraints.json")
    baseline.add_argument(
        "--training", type=Path, required=True, help="CSV file, or folder of some"
    )
    baseline.add_argument(
        "--predictions", type=Path, help="CSV of answers for rows not learned from"
    )
    baseline.add_argument(
        "--outcome", type=Path, help="JSON of how answers are read; predictions have labels then"
    )
    baseline.add_argument("--settings", type=Path, help="JSON of thresholds")
    analysis = jobs.add_parser("analyse", help="write report, page and metrics", epilog=_EPILOGUE)
    analysis.add_argument("--baseline", type=Path, required=True, help="folder of both files")
    analysis.add_argument("--captures", type=Path, required=True, help="folder of data capture")
    analysis.add_argument("--truth", type=Path, help="folder of labels")
    analysis.add_argument("--settings", type=Path, help="JSON that describes the job")
    analysis.add_argument("--start", type=_moment, help="ISO 8601; UTC unless it says")
    analysis.add_argument("--end", type=_moment, help="excluded")
    analysis.add_argument(
        "--report-only", action="store_true", help="exit 0 whatever was found, as a job must"
    )
    for job in (baseline, analysis):
        job.add_argument("--contract", type=Path, required=True, help="the archive's contract.json")
        job.add_argument("--output", type=Path, required=True, help="folder to write into")
    return parser


if __name__ == "__main__":
    sys.exit(main())
