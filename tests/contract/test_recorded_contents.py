"""A stage may refuse a version of whose bytes nothing is recorded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem, load_platform

Changed = Callable[[str, str, str], list[Problem]]
PROD = '    account: "333333333333"\n'
CONTENT = "{" + ", ".join(
    f"{part}: {digit * 64}"
    for part, digit in zip(("archive", "answers", "baseline", "image"), "abcd", strict=True)
) + "}"  # fmt: skip


@pytest.fixture
def strict(changed: Changed) -> Changed:
    """Changes of a platform whose last stage asks for recorded contents."""
    changed("stages.yaml", PROD, f"{PROD}    recorded_contents: required\n")
    return changed


def recorded(version: int) -> tuple[str, str, str]:
    """The pins as they are, and beside them what a version consists of."""
    contents = f'contents:\n  bike-demand:\n    "{version}": {CONTENT}\n'
    return "releases.yaml", "releases:\n", f"{contents}releases:\n"


def test_a_pin_without_its_contents_is_refused_where_they_are_required(strict: Changed) -> None:
    found = strict("stages.yaml", "trains: true", "trains: true")

    assert len(found) == 1
    problem = found[0]
    assert (problem.file, problem.level) == ("config/releases.yaml", "error")
    assert problem.key == "releases.bike-demand.prod"
    assert problem.problem == "nothing is recorded of what version 2 consists of, and prod asks"
    assert "model-package" in str(problem.got)
    assert problem.allowed == 'a version with its line below contents.bike-demand: "2": {...}'
    assert "`mlops release pin bike-demand prod 2 --target aws`" in problem.remedy


def test_contents_of_another_version_are_none_of_this_one(strict: Changed) -> None:
    (problem,) = strict(*recorded(3))

    assert problem.key == "releases.bike-demand.prod"


def test_recorded_contents_are_enough(strict: Changed, repository: Path) -> None:
    assert strict(*recorded(2)) == []
    assert load_platform(repository).stages.stage("prod").recorded_contents == "required"


def test_a_stage_that_does_not_ask_takes_a_version_without(
    changed: Changed, repository: Path
) -> None:
    assert changed("stages.yaml", PROD, f"{PROD}    recorded_contents: optional\n") == []
    assert load_platform(repository).stages.stage("dev").recorded_contents == "optional"
