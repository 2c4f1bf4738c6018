"""Every documented command exists; the first ones are run as a newcomer would."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from mlops.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text()


def _commands(program: str) -> list[str]:
    """The commands of a program that stand in code blocks or in backticks."""
    found: set[str] = set()
    for page in PAGES:
        for quoted in re.findall(r"`([^`\n]+)`|^(\S[^\n]*)$", page.read_text(), flags=re.M):
            text = (quoted[0] or quoted[1]).removeprefix("uri=$(").rstrip(")")
            command = text.split("#")[0].strip()
            if re.match(rf"(\.venv/bin/)?{program} [a-z]", command):
                found.add(command)
    return sorted(found)


@pytest.mark.parametrize("command", _commands("make"))
def test_a_documented_make_target_exists(command: str) -> None:
    target = command.split()[1]

    assert re.search(rf"^{target}:", MAKEFILE, flags=re.M), command


@pytest.mark.parametrize("command", _commands("mlops"))
def test_a_documented_mlops_command_exists(command: str) -> None:
    words = shlex.split(command)[1:]
    found: click.Command = cli
    while isinstance(found, click.Group) and words:
        name = words.pop(0)
        step = found.get_command(click.Context(found), name)
        assert step is not None, command
        found = step

    options = {option for parameter in found.params for option in parameter.opts}
    used = {word for word in words if word.startswith("--")}
    assert used <= options | {"--help"}, command


def test_every_make_target_explains_itself() -> None:
    targets = set(re.findall(r"^([a-z-]+):(?! *=)", MAKEFILE, flags=re.M))
    explained = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, flags=re.M))

    assert targets == explained


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.full
def test_a_newcomer_runs_the_demo_twice_from_a_fresh_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}

    first = _make_demo(clone, environment)
    second = _make_demo(clone, environment)

    assert "registered: mlops-bike-demand version 1, Approved" in first
    assert "reused: Preprocess, ValidateData, Train" in second
    assert list(clone.glob(".mlops/reports/*/index.html"))


def _make_demo(clone: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["make", "demo"], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
