"""The functions' code is one file that depends on nothing but the code."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mlops_constructs.handler_archive import write_handlers


def test_the_same_code_gives_the_same_bytes_and_name(tmp_path: Path) -> None:
    first = write_handlers(contract="{}", build_dir=tmp_path / "one")
    second = write_handlers(contract="{}", build_dir=tmp_path / "two")

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_another_contract_is_another_archive(tmp_path: Path) -> None:
    first = write_handlers(contract="{}", build_dir=tmp_path)

    assert write_handlers(contract="[]", build_dir=tmp_path) != first


def test_the_archive_holds_handlers_and_judgement_and_nothing_that_needs_cdk(
    tmp_path: Path,
) -> None:
    names = zipfile.ZipFile(write_handlers(contract="{}", build_dir=tmp_path)).namelist()

    assert names == sorted(names)
    assert "mlops/rollout/verdict.py" in names
    assert "mlops_constructs/handlers/release_check.py" in names
    assert "contract.json" in names
    assert not [n for n in names if n.startswith("mlops/contract") or "validation" in n]


@pytest.mark.parametrize(
    "module", ["find_approved", "janitor", "prober", "release_check", "rollback_report"]
)
def test_every_handler_can_be_imported_from_the_archive_alone(tmp_path: Path, module: str) -> None:
    archive = write_handlers(contract="{}", build_dir=tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(archive)!r})\n"
        f"from mlops_constructs.handlers import {module}\n"
        f"assert callable({module}.handler)\n"
        f"assert {module}.__file__.startswith({str(archive)!r})\n"
        "assert not {'aws_cdk', 'pydantic'} & set(sys.modules)\n"
    )

    finished = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
