"""The functions' code: a file for each capability that depends on nothing but the code."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mlops_handlers
from mlops_constructs.handler_archive import write_handlers

SOURCES = Path(mlops_handlers.__file__).parent
ENTRY_POINTS = sorted(
    f"{path.parent.name}.{path.stem}"
    for path in SOURCES.glob("*/*.py")
    if "\ndef handler(" in path.read_text("utf-8")
)
ROOMS = {"batch", "monitoring", "rollout", "training"}


def names_in(archive: Path) -> list[str]:
    return zipfile.ZipFile(archive).namelist()


def test_the_same_code_gives_the_same_bytes_and_names(tmp_path: Path) -> None:
    first = vars(write_handlers(contract="{}", build_dir=tmp_path / "one"))
    second = vars(write_handlers(contract="{}", build_dir=tmp_path / "two"))

    assert first.keys() == ROOMS
    for room in ROOMS:
        assert first[room].name == second[room].name
        assert first[room].read_bytes() == second[room].read_bytes()


def test_another_contract_is_another_archive_of_a_release_alone(tmp_path: Path) -> None:
    first = vars(write_handlers(contract="{}", build_dir=tmp_path))
    second = vars(write_handlers(contract="[]", build_dir=tmp_path))

    assert {room for room in ROOMS if first[room] != second[room]} == {"rollout"}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_an_archive_holds_its_handlers_and_judgement_and_nothing_that_needs_cdk(
    tmp_path: Path, room: str
) -> None:
    names = names_in(getattr(write_handlers(contract="{}", build_dir=tmp_path), room))

    assert names == sorted(names)
    judges = room != "training"
    assert ("mlops/rollout/verdict.py" in names) is judges
    inside = {name.split("/")[1] for name in names if name.count("/") == 2}
    assert inside == ({"rollout", room} if judges else {room})
    assert ("contract.json" in names) is (room == "rollout")
    assert not [n for n in names if n.startswith("mlops/contract") or "mlops_constructs" in n]


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_change_of_one_capability_is_no_change_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    before = vars(write_handlers(contract="{}", build_dir=tmp_path))
    copy = tmp_path / "mlops_handlers"
    shutil.copytree(SOURCES, copy)
    module = sorted((copy / room).glob("[!_]*.py"))[0]
    module.write_text(module.read_text("utf-8") + "# a comment\n")
    monkeypatch.setattr(mlops_handlers, "__file__", str(copy / "__init__.py"))

    after = vars(write_handlers(contract="{}", build_dir=tmp_path))

    assert {one for one in ROOMS if before[one].name != after[one].name} == {room}


def test_every_capability_has_an_entry_point() -> None:
    assert {name.partition(".")[0] for name in ENTRY_POINTS} == ROOMS


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_every_handler_can_be_imported_from_the_archive_alone(tmp_path: Path, entry: str) -> None:
    room = entry.partition(".")[0]
    archive = getattr(write_handlers(contract="{}", build_dir=tmp_path), room)
    code = (
        f"import importlib, sys; sys.path.insert(0, {str(archive)!r})\n"
        f"module = importlib.import_module('mlops_handlers.{entry}')\n"
        "assert callable(module.handler)\n"
        f"assert module.__file__.startswith({str(archive)!r})\n"
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
