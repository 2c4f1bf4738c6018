"""Functions and constructors over the limits are found; what is excepted must be needed."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def shape(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(TOOLS)
    import shape

    yield shape
    del sys.modules["shape"]


def module(shape: Any, text: str) -> Any:
    return shape.Module(path=Path("a.py"), text=text, tree=ast.parse(text))


def function(lines: int, docstring: int = 0) -> str:
    words = ['    """First', *["    more"] * (docstring - 2), '    """'] if docstring else []
    return "\n".join(["def long():", *words, *["    x = 1"] * (lines - 1)])


def constructor(*parameters: str) -> str:
    return f"class A:\n    def __init__(self, scope, id_, *, {', '.join(parameters)}): ..."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (function(45), []),
        (function(45, docstring=9), []),
        (function(46), ["a.py:long: 46 lines, 45 allowed; extract a function"]),
        (constructor(*"abcdef"), []),
        (
            constructor(*"abcdefg"),
            ["a.py:__init__: 7 parameters, 6 allowed; pass a frozen props object"],
        ),
    ],
    ids=["at the limit", "docstring", "too long", "six parameters", "seven parameters"],
)
def test_what_exceeds_a_limit_is_found(shape: Any, text: str, found: list[str]) -> None:
    assert shape.exceeded([module(shape, text)], {}) == found


def test_an_exception_is_allowed(shape: Any) -> None:
    assert shape.exceeded([module(shape, function(46))], {"a.py:long": "a reason"}) == []


def test_an_exception_that_is_not_needed_is_refused(shape: Any) -> None:
    (found,) = shape.exceeded([module(shape, function(45))], {"a.py:long": "a reason"})

    assert "a.py:long: exceeds no rule" in found


def test_every_exception_has_a_reason(shape: Any) -> None:
    assert all(shape.EXCEPTIONS.values())


def tree(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def test_a_test_mirrors_the_module_whose_name_and_folder_it_has(shape: Any, tmp_path: Path) -> None:
    sources = ("mlops/a/one.py", "constructs/mlops_constructs/b/push-it.sh", "stacks/__init__.py")
    named = ("tests/a/test_one.py", "tests/constructs/b/test_push_it.py")
    others = ("tests/a/test_two.py", "tests/b/test_one.py", "tests/docs/test_page.py")

    mirror = shape.Mirror.of(tree(tmp_path, *sources, *named, *others))

    assert mirror.named == frozenset(named)
    assert mirror.others == frozenset({"tests/a/test_two.py"})


def test_too_few_mirroring_tests_are_named(shape: Any) -> None:
    nine = frozenset(f"tests/a/test_{number}.py" for number in range(9))

    assert shape.Mirror(named=nine, others=frozenset({"tests/a/test_x.py"})).problems() == []
    assert shape.Mirror(named=nine, others=frozenset({"b", "a"})).problems() == [
        "tests: 81.8 % are named after a module, 90 needed; name or move: a, b"
    ]


def test_the_tests_mirror_the_sources(shape: Any) -> None:
    assert shape.Mirror.of(shape.ROOT).problems() == []
