"""Whatever a disk or an editor broke of what rehearsals keep, the next one says so or fixes it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.cli.rehearse import TOLD


def _with_other_types(path: Path) -> str:
    """A JSON object whose values are of no use; {} for what is not an object."""
    try:
        content = json.loads(path.read_text())
    except ValueError:
        content = {}
    return json.dumps(dict.fromkeys(content, 7) if isinstance(content, dict) else {})


BREAKS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "gone": lambda path: path.unlink(),
    "binary": lambda path: path.write_bytes(b"\xff\x00\xfe" * 40),
    "nested": lambda path: path.write_text("[" * 100_000),
    "a list": lambda path: path.write_text("[]"),
    "other types": lambda path: path.write_text(_with_other_types(path)),
}
KINDS = ("cache", "registry", "s3")


@pytest.mark.full
@pytest.mark.parametrize("name", BREAKS)
def test_a_rehearsal_over_broken_state_ends_in_words(checkout: Any, name: str) -> None:
    assert checkout.rehearse(approve=True).succeeded
    home = checkout.workspace.folder
    whole = home.with_name("whole")
    shutil.copytree(home, whole)
    files = [p.relative_to(home) for kind in KINDS for p in (home / kind).rglob("*") if p.is_file()]
    assert {file.parts[0] for file in files} == set(KINDS)
    for file in files:
        if file.name == ".lock":
            continue
        BREAKS[name](home / file)

        said = ending(checkout)

        assert said, file
        shutil.rmtree(home)
        shutil.copytree(whole, home)


def ending(checkout: Any) -> str:
    """How a rehearsal ended; what the command line would not catch fails the test."""
    try:
        execution = checkout.rehearse_synthesized()
    except TOLD as error:
        return str(error)
    return "succeeded" if execution.succeeded else str(execution.failure or "")
