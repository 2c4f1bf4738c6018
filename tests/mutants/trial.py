"""A copy of the repository in which one line at a time is changed and tests are run.

The tests of the copy import the copy. Its environments and its bytecode are the repository's own,
so a trial costs what its tests cost.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from mlops.rehearsal.local_aws.environment import ModelEnvironment
from tests.mutants.mutant import ROOT, Mutant

LIMIT_SECONDS = 120
"""Of one run of the named tests: ten times what the slowest takes, because machines are shared."""
_SHARED = (".venv", ".envs", ".mlops", "node_modules")
# The last is bytecode that another process is about to put in its place.
_LEFT_OUT = (*_SHARED, ".git", "cdk.out", ".hypothesis", ".*_cache", "outcome.xml", "*.pyc.*")
_LOCKS = (
    ("tests/container/monitoring/", "requirements/monitoring.txt"),
    ("tests/model_environment/", "model_code/bike_demand/requirements-test.lock"),
)
# The last is how several failing examples of one drawn test are told.
_OBJECTION = re.compile(
    r"AssertionError|assert |Failed: DID NOT RAISE|ExceptionGroup: Hypothesis found"
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the tests that ran said."""

    passed: frozenset[str]
    """Tests without the parameters of a case, as are all of these."""
    objected: frozenset[str]
    """An assertion failed."""
    crashed: dict[str, str]
    """Neither: what was raised instead, by the test."""
    said: str
    """The end of what pytest printed."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """The copied repository, and what its tests said of the code as it is."""

    folder: Path
    _healthy: dict[tuple[str, ...], Outcome] = field(default_factory=dict)

    def unchanged(self, tests: Sequence[str]) -> Outcome:
        """What the tests say of the code as it is; asked once."""
        key = tuple(tests)
        if key not in self._healthy:
            self._healthy[key] = self._run(tests)
        return self._healthy[key]

    def changed(self, mutant: Mutant) -> Outcome:
        """What the mutant's tests say of its change."""
        with self._with(mutant):
            return self._run(mutant.tests)

    @contextmanager
    def _with(self, mutant: Mutant) -> Iterator[None]:
        path = self.folder / mutant.file
        healthy, times = path.read_bytes(), path.stat()
        path.write_text(mutant.applied(self.folder), "utf-8")
        try:
            yield
        finally:
            path.write_bytes(healthy)
            # The bytecode of the healthy file is valid again.
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _run(self, tests: Sequence[str]) -> Outcome:
        report = self.folder / "outcome.xml"
        report.unlink(missing_ok=True)
        options = ("-q", "-p", "no:cacheprovider", "--sweeps=whole", f"--junit-xml={report}")
        done = subprocess.run(
            [_python(tests), "-m", "pytest", *options, *tests],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )
        said = (done.stdout + done.stderr)[-4000:]
        assert report.exists(), said
        return _outcome(report, tests, said)

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "COV_", "COVERAGE_", "PYTHON"))
        }
        path = os.pathsep.join((str(self.folder), str(self.folder / "constructs")))
        # A changed file leaves no bytecode that a later trial could take for the healthy one.
        return kept | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def copied(folder: Path) -> Copy:
    """Copy the repository with its bytecode; what was installed is shared."""
    copy = folder / "repository"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for name in _SHARED:
        # A trial makes what is missing through the link, and through no link to nothing.
        (ROOT / name).mkdir(exist_ok=True)
        (copy / name).symlink_to(ROOT / name)
    return Copy(folder=copy)


def _python(tests: Sequence[str]) -> str:
    """The interpreter that has what the tests need; its environment is made on first use."""
    for folder, lock in _LOCKS:
        if any(test.startswith(folder) for test in tests):
            home = ROOT / ".mlops" / "envs"
            environment = ModelEnvironment(lock=ROOT / lock, home=home)
            return str(environment.ensure(lambda text: sys.stderr.write(f"{text}\n")))
    return sys.executable


def _outcome(report: Path, tests: Sequence[str], said: str) -> Outcome:
    passed: set[str] = set()
    objected: set[str] = set()
    crashed: dict[str, str] = {}
    names = {(test.replace("/", ".").replace(".py::", " ")): test for test in tests}
    for case in ET.parse(report).iter("testcase"):
        place = f"{case.get('classname')} {str(case.get('name')).partition('[')[0]}"
        test = names.get(place, place)
        failure, error = case.find("failure"), case.find("error")
        if failure is not None and _OBJECTION.match(str(failure.get("message"))):
            objected.add(test)
        elif failure is not None or error is not None:
            crashed[test] = str((failure if failure is not None else error).get("message"))
        elif case.find("skipped") is None:
            passed.add(test)
    return Outcome(
        passed=frozenset(passed - objected - crashed.keys()),
        objected=frozenset(objected),
        crashed={test: text for test, text in crashed.items() if test not in objected},
        said=said,
    )
