"""Which part of a sweep is drawn: a share of every sweep, another one for another commit."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SWEEP = "tests/test_sweeps.py"


@pytest.mark.sweep
@pytest.mark.parametrize("case", range(9))
def test_a_quarter_of_these_is_drawn(case: int) -> None:
    assert case in range(9)


@pytest.mark.sweep(cases=2)
@pytest.mark.parametrize("case", range(9))
def test_two_of_these_are_drawn(case: int) -> None:
    assert case in range(9)


def drawn(*options: str, seed: str = "", only: str = "quarter") -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-k", only, SWEEP]
    listed = subprocess.run(
        [*command, "-m", "sweep", "-p", "no:cacheprovider", *options],
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
    assert (len(whole), len(part)) == (9, 3)


def test_a_sweep_that_says_how_many_of_it_are_drawn_is_taken_at_its_word() -> None:
    assert len(drawn("--sweeps=whole", only="two_of")) == 9
    assert len(drawn(seed="a", only="two_of")) == 2


def test_a_seed_draws_the_same_part_again_and_another_seed_another() -> None:
    assert drawn(seed="a") == drawn(seed="a")
    assert drawn(seed="a") != drawn(seed="b")
