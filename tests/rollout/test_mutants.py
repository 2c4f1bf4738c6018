"""Breaks the rollout's code on a copy, one edit at a time, and names the test that must object.

The kill table is printed by `pytest -m full --sweeps=whole -v tests/rollout/test_mutants.py`.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """An edit of one module, and the test that kills it."""

    name: str
    module: str
    old: str
    new: str
    killer: str


ALARM_TABLE = "test_alarm.py::test_every_row_of_the_user_guides_tables"
MUTANTS = (
    Mutant(
        name="the evaluation range is one point too short",
        module="alarm.py",
        old="_SPARE_POINTS: Final = 2",
        new="_SPARE_POINTS: Final = 1",
        killer="test_alarm.py",
    ),
    Mutant(
        name="M is ignored",
        module="alarm.py",
        old="return State.ALARM if breaching >= alarm.datapoints_to_alarm else State.OK",
        new="return State.ALARM if breaching >= 1 else State.OK",
        killer=ALARM_TABLE,
    ),
    Mutant(
        name="silence is treated as missing instead of notBreaching",
        module="alarm.py",
        old="MissingData.NOT_BREACHING: _fill_not_breaching,",
        new="MissingData.NOT_BREACHING: _missing,",
        killer=ALARM_TABLE,
    ),
    Mutant(
        name="an early bad point alarms too soon",
        module="alarm.py",
        old="len(window) - oldest >= alarm.datapoints_to_alarm",
        new="len(window) - oldest >= 1",
        killer="test_alarm.py",
    ),
    Mutant(
        name="an update resets the state",
        module="alarm.py",
        old="return Watch(alarm=alarm, state=self.state)",
        new="return Watch(alarm=alarm)",
        killer="test_alarm.py",
    ),
    Mutant(
        name="thresholds in milliseconds",
        module="signals.py",
        old="_MICROSECONDS_PER_MILLISECOND: Final = 1000",
        new="_MICROSECONDS_PER_MILLISECOND: Final = 1",
        killer="test_signals.py",
    ),
    Mutant(
        name="alarms that take silence for a breach",
        module="signals.py",
        old="missing_data=MissingData.NOT_BREACHING",
        new="missing_data=MissingData.BREACHING",
        killer="test_signals.py",
    ),
    Mutant(
        name="a ratio of 1 that never fires is accepted",
        module="signals.py",
        old="if not 0 <= threshold < 1:",
        new="if not 0 <= threshold <= 1:",
        killer="test_signals.py",
    ),
    Mutant(
        name="too little traffic passes",
        module="verdict.py",
        old="elif seen < needed:",
        new="elif seen < 0:",
        killer="test_verdict.py",
    ),
    Mutant(
        name="a silent rollback passes",
        module="verdict.py",
        old="if live == requested:",
        new="if live is not None:",
        killer="test_verdict.py",
    ),
    Mutant(
        name="a red alarm passes",
        module="verdict.py",
        old="if state is State.ALARM:",
        new="if state is None:",
        killer="test_verdict.py",
    ),
    Mutant(
        name="a canary that nobody called blames the model",
        module="attribution.py",
        old="elif seen < needed:",
        new="elif seen < 0:",
        killer="test_attribution.py",
    ),
    Mutant(
        name="the version that serves is blamed for its second deployment",
        module="attribution.py",
        old="elif attempt.live_version == attempt.version:",
        new="elif attempt.live_version == -1:",
        killer="test_attribution.py",
    ),
    Mutant(
        name="a model is blamed for what its name sounds like",
        module="attribution.py",
        old=r"(?<![\w-])",
        new=r"(?<!\w)",
        killer="test_attribution.py",
    ),
    Mutant(
        name="the bake may end before an alarm can fire",
        module="policy.py",
        old="settle_periods: int = 3",
        new="settle_periods: int = 0",
        killer="test_policy.py",
    ),
    Mutant(
        name="a canary of 60 percent is accepted",
        module="policy.py",
        old="canary_percent: tuple[int, int] = (1, 50)",
        new="canary_percent: tuple[int, int] = (1, 60)",
        killer="test_policy.py",
    ),
)


@pytest.fixture(scope="module")
def copy_of_the_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutants")
    ignored = shutil.ignore_patterns("__pycache__", "test_mutants.py")
    for name in ("mlops", "tests/rollout"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.full
def test_the_copy_itself_is_healthy(copy_of_the_code: Path) -> None:
    assert _passes(copy_of_the_code, "test_alarm.py", "test_signals.py", "test_verdict.py")


@pytest.mark.full
@pytest.mark.sweep
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_named_test_kills_the_mutant(copy_of_the_code: Path, mutant: Mutant) -> None:
    module = copy_of_the_code / "mlops" / "rollout" / mutant.module
    healthy = module.read_text()
    assert healthy.count(mutant.old) == 1, "the mutant no longer fits the code"
    module.write_text(healthy.replace(mutant.old, mutant.new))
    try:
        assert not _passes(copy_of_the_code, mutant.killer), f"{mutant.killer} did not notice"
    finally:
        module.write_text(healthy)


def _passes(folder: Path, *tests: str) -> bool:
    names = [f"tests/rollout/{test}" for test in tests]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *names]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode == 0
