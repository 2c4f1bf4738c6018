import ast
from pathlib import Path

import pytest

from mlops.contract.scripts import Script, scripts_of


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "train.py"


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"x = (\n", 1), (b"ok = 1\ndef f(:\n", 2), (b"x = '\xff'\n", 1), (b"a = 1\0", 1)],
)
def test_a_file_that_is_no_python_is_told_with_its_line(
    script: Path, content: bytes, line: int
) -> None:
    script.write_bytes(content)

    error = Script(script).error

    assert error is not None
    assert error.line == line
    assert Script(script).names == frozenset()


def test_a_missing_file_is_no_python_either(script: Path) -> None:
    assert Script(script).error is not None


def test_reading_runs_nothing(script: Path) -> None:
    script.write_text("raise SystemExit(7)\n")

    assert Script(script).error is None


def test_names_are_those_of_the_top_level(script: Path) -> None:
    script.write_text(
        "import a.b\nfrom c import d as e\nX: int = 1\nY = 2\n"
        "try:\n    import g\nexcept ImportError:\n    g = None\n"
        "def f():\n    inner = 1\nclass K: ...\n"
    )

    assert Script(script).names == {"a", "e", "X", "Y", "g", "f", "K"}


def test_what_a_script_can_do_without_is_no_import_of_it(script: Path) -> None:
    script.write_text(
        "from typing import TYPE_CHECKING\nimport numpy\nfrom . import beside\n"
        "if TYPE_CHECKING:\n    import mypy\n"
        "try:\n    import cupy\nexcept ImportError:\n    cupy = None\n"
        "def late():\n    from scipy import stats\n"
    )

    assert dict(Script(script).imports()) == {
        1: "typing.TYPE_CHECKING",
        2: "numpy",
        11: "scipy.stats",
    }


def test_a_class_is_found_where_it_comes_from(script: Path) -> None:
    script.write_text("from settings import Rates as R\nclass Here: ...\n")

    assert Script(script).origin("R") == "settings"
    assert Script(script).origin("Here") is None
    assert isinstance(Script(script).class_named("Here"), ast.ClassDef)


def test_tests_and_caches_are_no_scripts(tmp_path: Path) -> None:
    for name in ("a.py", "tests/b.py", "__pycache__/c.py", ".hidden/d.py", "part/e.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")

    found = [script.path.relative_to(tmp_path).as_posix() for script in scripts_of(tmp_path)]

    assert found == ["a.py", "part/e.py"]
