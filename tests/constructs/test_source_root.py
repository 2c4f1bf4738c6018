"""The trap of a folder that bears the name of a PyPI package."""

import sys
from pathlib import Path

import pytest


def test_the_source_root_is_no_package(root: Path) -> None:
    assert not (root / "constructs" / "__init__.py").exists()


def test_constructs_is_the_package_from_pypi() -> None:
    import constructs

    assert constructs.__file__ is not None
    assert "site-packages" in constructs.__file__


def test_no_test_folder_is_a_package(root: Path) -> None:
    assert list((root / "tests").rglob("__init__.py")) == []


def test_no_file_imports_our_constructs_through_the_pypi_package(root: Path) -> None:
    sources = [
        path
        for folder in ("constructs", "stacks", "mlops", "tests", "benchmarks")
        for path in (root / folder).rglob("*.py")
    ]
    forbidden = ("import constructs" + ".mlops_constructs", "from constructs" + ".mlops_constructs")
    guilty = [
        path.relative_to(root)
        for path in [root / "app.py", *sources]
        if any(phrase in path.read_text("utf-8") for phrase in forbidden)
    ]

    assert guilty == []


def test_no_second_copy_of_our_classes_is_loaded() -> None:
    import mlops_handlers.training.find_approved  # noqa: F401  # loading it is the point

    assert "constructs" + ".mlops_constructs" not in sys.modules


def test_importing_a_handler_does_not_start_cdk(root: Path) -> None:
    import subprocess

    code = "import sys, mlops_handlers.training.find_approved; sys.exit('aws_cdk' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)

    assert finished.returncode == 0


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_no_construct_hides_in_a_drawer(root: Path, name: str) -> None:
    assert list((root / "constructs").rglob(f"{name}.py")) == []
