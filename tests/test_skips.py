"""No test is left out in silence: what may be skipped is in a list, and is printed at the end.

`tests/skips.toml` holds every place with a reason. A test that needs what `make setup` installs
fails without it and is not in the list.
"""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "skips.toml"
_CALLS = {"skip", "skipif", "importorskip", "xfail", "skipTest", "skipUnless"}
_NAMES = {"collect_ignore", "collect_ignore_glob"}
Place = tuple[str, str]
"""A file, and the condition or the call as it stands there."""


def places(source: str) -> Iterator[str]:
    """Every expression of a module by which tests can be left out."""
    nodes = list(ast.walk(ast.parse(source)))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    yield from (ast.unparse(node) for node in nodes if _leaves_out(node) and id(node) not in called)


def _leaves_out(node: ast.AST) -> bool:
    match node:
        case ast.Call():
            return _last_name(node.func) in _CALLS
        case ast.Attribute():
            return _is_a_mark(node)
        case ast.Assign():
            return bool({ast.unparse(one) for one in node.targets} & _NAMES)
        case ast.Raise():
            return "SkipTest" in ast.unparse(node)
    return False


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def _is_a_mark(node: ast.Attribute) -> bool:
    is_mark = isinstance(node.value, ast.Attribute) and node.value.attr == "mark"
    return is_mark and node.attr in _CALLS


def found() -> set[Place]:
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("model_code/*/tests/**/*.py")]
    ours = (path for path in files if path != Path(__file__).resolve())
    return {
        (path.relative_to(ROOT).as_posix(), place)
        for path in ours
        for place in places(path.read_text("utf-8"))
    }


def listed() -> dict[Place, str]:
    entries = tomllib.loads(LIST.read_text("utf-8"))["skip"]
    return {(entry["file"], entry["code"]): entry["reason"] for entry in entries}


def test_every_place_where_a_test_can_be_left_out_is_in_the_list() -> None:
    assert found() - listed().keys() == set(), "fix the test, or add it with a reason"


def test_the_list_names_no_place_that_is_gone() -> None:
    assert listed().keys() - found() == set()


def test_each_has_a_reason_in_words() -> None:
    assert [place for place, reason in listed().items() if len(reason.split()) < 6] == []


@pytest.mark.parametrize(
    "source",
    [
        "pytest.skip('x')",
        "from pytest import skip\nskip('x')",
        "m = pytest.importorskip('numpy')",
        "@pytest.mark.skip\ndef test_one(): pass",
        "@pytest.mark.skip(reason='x')\ndef test_one(): pass",
        "pytestmark = [pytest.mark.skipif(True, reason='x')]",
        "case = pytest.param(1, marks=pytest.mark.xfail)",
        "collect_ignore = ['a']",
        "raise unittest.SkipTest('x')",
        "raise SkipTest",
    ],
)
def test_each_way_of_leaving_a_test_out_is_found(source: str) -> None:
    assert len(list(places(source))) == 1


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_skipped_test_and_its_reason_are_printed_at_the_end(
    tmp_path: Path, workers: list[str]
) -> None:
    test = tmp_path / "test_tool.py"
    test.write_text("import pytest\n\ndef test_one(): pytest.skip('jq is not installed')\n")
    options = ["-q", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", *workers]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(test)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "jq is not installed" in done.stdout.partition("short test summary info")[2]
