"""Which part of a sweep is drawn: a share of every sweep, another one for another commit."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SWEEP = "tests/rollout/test_mutants.py"


def drawn(*options: str, seed: str = "") -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "sweep", SWEEP]
    listed = subprocess.run(
        [*command, "-p", "no:cacheprovider", *options],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "SWEEP_SEED": seed},
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(line for line in listed.stdout.splitlines() if line.startswith(SWEEP))


def test_the_whole_sweep_is_four_times_the_part() -> None:
    whole, part = drawn("--sweeps=whole"), drawn(seed="a")

    assert set(part) < set(whole)
    assert len(part) == -(-len(whole) // 4)


def test_a_seed_draws_the_same_part_again_and_another_seed_another() -> None:
    assert drawn(seed="a") == drawn(seed="a")
    assert drawn(seed="a") != drawn(seed="b")
