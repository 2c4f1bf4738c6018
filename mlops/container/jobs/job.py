"""What every job owes its platform: JSON lines, a reason for a failure, an exit code."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

# SageMaker reads the reason of a processing job from the first, of a training job from the second.
REASON_FILES = ("/opt/ml/output/message", "/opt/ml/output/failure")
MESSAGE_CHARACTERS = 1024  # SageMaker cuts the reason of a failed job there

_ROOT = Path(__file__).resolve().parents[1]
_OURS = ("jobs", "monitoring", "serve.py", "model_server.py", "sheet.py", "probes.py", "content.py")
"""What an archive has from the platform; all else beside it is the model's."""
_FIELDS_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class DataError(Exception):
    """The data or the contract is not fit for the job: a person must fix it, a retry cannot."""


class JobError(Exception):
    """The job itself could not do its work."""


class JsonLines(logging.Formatter):
    """One JSON object a line, so that CloudWatch Logs Insights reads the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with everything that was given as `extra`."""
        line = {"level": record.levelname, "job": record.name, "event": record.getMessage()}
        extra = {k: v for k, v in vars(record).items() if k not in _FIELDS_OF_EVERY_RECORD}
        return json.dumps(line | extra, default=str)


def logger(job: str) -> logging.Logger:
    """The job's logger; writes JSON lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    log = logging.getLogger(job)
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)
    return log


def run(job: str, main: Callable[[logging.Logger], None]) -> None:
    """Run a job to its exit code: 0 done, 1 failed, 3 the data or the contract is wrong."""
    log = logger(job)
    sys.excepthook = _report_defect(log)
    try:
        main(log)
    except DataError as problem:
        _fail(log, str(problem), exit_code=3)
    except (JobError, OSError) as failure:
        _fail(log, str(failure), exit_code=1)


def _fail(log: logging.Logger, reason: str, *, exit_code: int) -> None:
    log.error("failed", extra={"reason": reason, "exit_code": exit_code})
    _leave_message(reason)
    sys.exit(exit_code)


def _report_defect(
    log: logging.Logger,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """A hook for what nobody foresaw: the interpreter then ends with exit code 1."""

    def report(
        kind: type[BaseException], defect: BaseException, trace: TracebackType | None
    ) -> None:
        lines = traceback.format_exception(kind, defect, trace)
        reason = f"{_place(trace) or f'defect in {log.name}'}: {kind.__name__}: {defect}"
        log.critical("failed", extra={"reason": reason, "traceback": "".join(lines)})
        _leave_message(reason)

    return report


def _place(trace: TracebackType | None) -> str:
    """The model's line nearest to an error, with ours where it called that; "" without either."""
    found: list[str] = []
    for frame in reversed(traceback.extract_tb(trace)):
        # The interpreter's own frames have names that are no paths, like "<frozen runpy>".
        path = Path(frame.filename) if Path(frame.filename).is_absolute() else Path("/")
        path = path.resolve()
        if path == Path(__file__).resolve() or not path.is_relative_to(_ROOT):
            continue
        name = path.relative_to(_ROOT)
        here = f"{name}, line {frame.lineno}, in {frame.name}"
        if name.parts[0] not in _OURS:
            return " called ".join([here, *found])
        found = found or [here]
    return "".join(f"defect in {here}" for here in found)


def _leave_message(reason: str) -> None:
    chosen = os.environ.get("SM_OUTPUT_MESSAGE_FILE")
    for path in map(Path, (chosen,) if chosen else REASON_FILES):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(reason[:MESSAGE_CHARACTERS], "utf-8")
        except OSError:
            # Best effort: outside the container nobody may write there, and the log has the reason.
            return
