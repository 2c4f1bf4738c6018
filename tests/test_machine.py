import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops.machine import explained, remedy_in

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("app.py", "constructs", "mlops", "stacks")


def test_only_what_a_person_can_mend_loses_its_traceback() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    ours = FileNotFoundError(errno.ENOENT, "No such file or directory", "/srv/mlops/missing.py")
    state = FileNotFoundError(errno.ENOENT, "No such file or directory", "/x/.mlops/s3/b/k")

    assert explained(full) is not None
    assert explained(ours) is None
    assert explained(state) is not None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_what_a_program_was_told_has_the_same_remedy(number: int) -> None:
    error = OSError(number, os.strerror(number))
    output = f"cause: failed to copy file: {os.strerror(number)} (os error {number})"

    remedy = remedy_in(output)

    assert remedy is not None
    assert remedy in str(explained(error))


def test_a_program_that_failed_for_its_own_reasons_has_no_remedy_of_the_machine() -> None:
    assert remedy_in("No solution found when resolving dependencies") is None


def test_no_file_is_read_or_written_in_the_encoding_of_the_machine() -> None:
    ruff = Path(sys.executable).with_name("ruff")
    rule = ["check", "--preview", "--select", "PLW1514", "--isolated", "--quiet"]

    done = subprocess.run(
        [ruff, *rule, *SOURCES], cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert done.stdout + done.stderr == ""


def test_no_program_is_talked_to_in_the_encoding_of_the_machine() -> None:
    files = [path for name in SOURCES for path in (ROOT / name).rglob("*.py")]
    calls = [
        (path, call)
        for path in files
        if "tests" not in path.relative_to(ROOT).parts
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
    ]
    names = {(path, call.lineno): {key.arg for key in call.keywords} for path, call in calls}

    found = [
        place
        for place, given in names.items()
        if given & {"text", "universal_newlines"}
        and given & {"stdout", "capture_output", "input"}
        and "encoding" not in given
    ]

    assert len(names) > 1000
    assert found == []
