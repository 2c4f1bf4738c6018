"""The page of imitations names every function and every module that stands for a service."""

import ast
import re
from pathlib import Path

import pytest

import mlops.rehearsal
import mlops_handlers
from mlops.cli.rehearse import rehearse

PAGE = (Path(__file__).parents[2] / "docs" / "concepts" / "twins.md").read_text("utf-8")
REHEARSAL = Path(mlops.rehearsal.__file__).parent
SERVICE = re.compile(
    r"\b(SageMaker|CloudWatch|CloudFormation|CodePipeline|EventBridge|S3|Lambda|"
    r"Batch Transform|AWS|InvokeEndpoint)\b"
)
ONLY_SPEAKS = {
    "batch/input_file.py": "refuses names that Batch Transform keeps for itself",
    "canary/dashboard.py": "draws what was measured",
    "canary/prober.py": "surrounds the deployed function",
    "canary/rules.py": "refuses templates",
    "drift/dashboard.py": "draws what was measured",
}
"""Modules that name a service and imitate none."""


def table(heading: str) -> list[list[str]]:
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_deployed_function_says_which_rehearsal_runs_it() -> None:
    home = Path(mlops_handlers.__file__).parent
    deployed = {
        file.stem for file in home.glob("*/*.py") if "\ndef handler(" in file.read_text("utf-8")
    }

    listed = [name for row in table("Deployed functions") for name in named(row[0])]

    assert sorted(listed) == sorted(deployed)


def test_every_module_that_stands_for_a_service_is_listed() -> None:
    """Its own first words say for which one."""
    speaking = {
        file.relative_to(REHEARSAL).as_posix()
        for file in REHEARSAL.rglob("*.py")
        if SERVICE.search(ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "")
    }
    listed = {name for row in table("Imitations") for name in named(row[1])}

    assert speaking - listed == ONLY_SPEAKS.keys()


@pytest.mark.parametrize("row", table("Imitations"), ids=lambda row: row[0])
def test_what_is_listed_exists_and_says_what_differs(row: list[str]) -> None:
    for name in named(row[1]):
        places = (REHEARSAL / name, REHEARSAL.parents[1] / name)
        assert any(place.exists() for place in places), name
    assert len(row) == 3
    assert row[2]


def test_where_a_function_runs_is_a_rehearsal_or_none() -> None:
    rehearsals = {name for name, command in rehearse.commands.items() if command}

    for name, where, differs in table("Deployed functions"):
        assert named(where) <= rehearsals, name
        assert where == "none" or named(where), name
        assert differs, name
