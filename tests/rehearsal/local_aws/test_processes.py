"""No program outlives a rehearsal, not even one that was killed without a chance to end them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops.rehearsal.local_aws import orphans
from mlops.rehearsal.local_aws.processes import Command, Processes

PROGRAM = """
import sys, time
from pathlib import Path
from mlops.rehearsal.local_aws.processes import Command, Processes
folder = Path(sys.argv[1])
# A program with a child of its own, as a model server with workers is.
shell = f"{sys.executable} -c 'import time; time.sleep(300)' & sleep 300"
command = Command(arguments=["/bin/sh", "-c", shell], environment={"PATH": "/usr/bin:/bin"},
                  folder=folder)
processes = Processes()
with (folder / "log").open("wb") as log:
    for _ in range(3):
        processes.start(command, log=log)
    (folder / "started").write_text("")
    time.sleep(300)
"""


def in_folder(folder: Path) -> list[int]:
    """Processes that work in a folder; one that has ended and is not yet collected is none."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            at_home = (process / "cwd").readlink() == folder
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if at_home and state != "Z":
            found.append(int(process.name))
    return found


def until(wanted: Callable[[], bool], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that has started three others, each with a child."""
    started = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)])
    try:
        until(lambda: (tmp_path / "started").exists() and len(in_folder(tmp_path)) >= 6)
        yield started
    finally:
        started.kill()
        started.wait()
        for process in in_folder(tmp_path):
            os.kill(process, signal.SIGKILL)


def test_a_killed_rehearsal_leaves_no_process(
    tmp_path: Path, rehearsal: subprocess.Popen[bytes]
) -> None:
    rehearsal.send_signal(signal.SIGKILL)
    rehearsal.wait()

    until(lambda: in_folder(tmp_path) == [])


def test_what_a_killed_watchdog_left_is_ended_by_the_next_start(
    tmp_path: Path, rehearsal: subprocess.Popen[bytes]
) -> None:
    children = Path(f"/proc/{rehearsal.pid}/task/{rehearsal.pid}/children").read_text().split()
    watchdog = next(int(one) for one in children if int(one) not in in_folder(tmp_path))
    os.kill(watchdog, signal.SIGKILL)
    rehearsal.send_signal(signal.SIGKILL)
    rehearsal.wait()
    time.sleep(0.2)
    assert in_folder(tmp_path)

    assert orphans.sweep() >= 6
    until(lambda: in_folder(tmp_path) == [])


def test_the_sweep_leaves_the_programs_of_a_living_rehearsal_alone(
    tmp_path: Path, rehearsal: subprocess.Popen[bytes]
) -> None:
    before = in_folder(tmp_path)

    orphans.sweep()

    assert in_folder(tmp_path) == before


def test_a_program_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("no program")
    allowed = {"no-such-program": FileNotFoundError, "./script": PermissionError}

    for program, error in allowed.items():
        command = Command(arguments=[program], environment={}, folder=tmp_path)
        with (tmp_path / "log").open("wb") as log, pytest.raises(error):
            Processes().start(command, log=log)


def test_a_program_has_no_input_and_gets_its_arguments_as_they_are(tmp_path: Path) -> None:
    script = "import sys; print(repr(sys.stdin.read()), sys.argv[1:])"
    arguments = ["a b", "$HOME", "*", "", "'"]
    command = Command(
        arguments=[sys.executable, "-c", script, *arguments], environment={}, folder=tmp_path
    )

    with (tmp_path / "log").open("wb") as log:
        ending = Processes().run(command, log=log, timeout_seconds=20)

    assert ending.exit_code == 0
    assert (tmp_path / "log").read_text() == f"'' {arguments}\n"
