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


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newcomer") / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    return folder


@pytest.mark.full
def test_a_newcomer_runs_the_demo_twice_from_a_fresh_clone(clone: Path) -> None:
    first = _run(clone, "make demo")
    second = _run(clone, "make demo")

    assert "registered: mlops-bike-demand version 1, Approved" in first
    assert "reused: Preprocess, ValidateData, Train" in second
    assert re.search(r"none +promoted +promoted", first)
    assert re.search(r"5xx +rolled back +rolled back", first)
    assert list(clone.glob(".mlops/reports/*/index.html"))


@pytest.mark.full
@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("make help", "make demo"),
        ("make validate", "valid: bike-demand, employment in dev, staging, prod"),
        ("make synth", "synth: every stage"),
        (".venv/bin/mlops rehearse canary bike-demand --fault latency", "1 of 1 as expected"),
        (".venv/bin/mlops canary plan bike-demand --stage prod", "the configured canary reaches"),
        (".venv/bin/mlops release status bike-demand", "prod"),
        ("make bootstrap-commands", "npx cdk bootstrap aws://222222222222/eu-west-1 --trust"),
        ("make shape", "function lines med / p90 / max"),
        (
            ".venv/bin/mlops rehearse pipeline bike-demand",
            "registered: mlops-bike-demand version 3",
        ),
        (".venv/bin/mlops registry list bike-demand", "PendingManualApproval"),
        (".venv/bin/mlops registry show bike-demand 1", "interval_coverage"),
        (".venv/bin/mlops registry approve bike-demand 3 --reason why", "3 is Approved"),
        (".venv/bin/mlops registry reject bike-demand 3 --reason why", "3 is Rejected"),
        (".venv/bin/mlops pipeline image bike-demand", "mlops/bike-demand:"),
        (".venv/bin/mlops pipeline check bike-demand", "no findings"),
        (".venv/bin/mlops data record bike-demand", "data.version is"),
        (".venv/bin/mlops generate", ""),
    ],
)
def test_the_tour_works_in_that_clone(clone: Path, command: str, printed: str) -> None:
    assert printed in _run(clone, command)


def _run(clone: Path, command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(
        shlex.split(command),
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
