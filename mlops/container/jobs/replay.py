"""Answer requests with the code of an archive, in a process of its own.

Reads one JSON object a line from standard input, {"request": text, "content_type": ..., "accept":
...}, and writes {"answer": ...} for each to standard output: JSON as what it says, CSV as its
text. What is asked with "may_refuse" may be answered by {"refused": reason} instead. The archive's
code never sees either: what it prints goes to standard error. Standard library only, and nothing of
the folder it stands in: a version that was approved long ago must answer with its own modules, not
with ours.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO


def main() -> None:
    """Replace our folder on the path by the archive's, then answer."""
    archive = Path(sys.argv[1])
    code = archive / "code"
    sys.path[0] = str(code)
    sys.excepthook = lambda kind, error, trace: _blame(code, kind, error, trace)
    requests, answers = _taken_streams()
    with requests, answers:
        inference = importlib.import_module("inference")
        model = inference.model_fn(str(archive))
        for line in requests:
            answers.write(json.dumps(_said(inference, model, json.loads(line))) + "\n")


def _said(inference: Any, model: Any, case: dict[str, Any]) -> dict[str, Any]:
    try:
        request = inference.input_fn(case["request"], case["content_type"])
        answer = inference.output_fn(inference.predict_fn(request, model), case["accept"])
        return {"answer": _data(answer, case["accept"])}
    except Exception as error:
        # The model's own code may raise anything; which forms of requests it takes is its own.
        if not case["may_refuse"]:
            raise
        return {"refused": traceback.format_exception_only(error)[-1].strip()}


def _data(answer: str | bytes, accept: str) -> object:
    """What an answer says: JSON parsed, anything else as the text it is."""
    if accept == "application/json":
        return json.loads(answer)
    return answer if isinstance(answer, str) else answer.decode()


def _taken_streams() -> tuple[TextIO, TextIO]:
    """Both ends of the conversation; the standard streams no longer lead there."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _blame(
    code: Path, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """The traceback, and as the last line where in the archive it happened."""
    traceback.print_exception(kind, error, trace)
    reason = traceback.format_exception_only(kind, error)[-1].strip()
    for frame in reversed(traceback.extract_tb(trace)):
        path = Path(frame.filename)
        if path.is_absolute() and path.resolve().is_relative_to(code.resolve()):
            name = path.resolve().relative_to(code.resolve())
            reason = f"{name}, line {frame.lineno}, in {frame.name}: {reason}"
            break
    sys.stderr.write(f"{reason}\n")


if __name__ == "__main__":
    main()
