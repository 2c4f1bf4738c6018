"""No test says how fast a machine is: what it measures has a reference of the same run.

A number of seconds in an assertion fails on a busy machine, and proves little on a fast one. Two
kinds are looked for: an upper bound that is a number, and a patience too short for a busy machine.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
LEAST_PATIENCE_SECONDS = 60
"""How long a test waits at least for what has to happen, before it gives up."""
_CLOCKS = {"monotonic", "perf_counter", "process_time", "time", "thread_time"}
_WAITS = {"wait", "join", "communicate", "wait_for", "Barrier", "check_output", "HTTPConnection",
          "create_connection"}  # fmt: skip
_MEASURED = ("seconds", "lag", "elapsed", "duration", "latency")
# Their seconds are of a clock of their own, or settings.
_OWN_TIME = {
    "tests/checks/test_generator.py": ("moment",),
    "tests/constructs/test_clock.py": ("patience.seconds",),
    "tests/handlers/rollout/test_prober.py": ("clock.now",),
    "tests/rehearsal/canary/test_rehearsal.py": ("result.detect_seconds",),
}
# What a short patience is for: the test is of giving up, or looks again.
_GIVES_UP = {
    "tests/external/images/images.py: create_connection(timeout=1)": "asked again until a deadline",
}


def upper_bounds(source: str) -> Iterator[str]:
    """Comparisons in assertions in which something measured must stay below a number."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        measured = _measured_names(function)
        for check in (node for node in ast.walk(function) if isinstance(node, ast.Assert)):
            for node in ast.walk(check.test):
                if isinstance(node, ast.Compare) and _is_bounded(node, measured):
                    yield ast.unparse(node)


def _measured_names(function: ast.AST) -> set[str]:
    """Names that hold the time that something took, or lists of it."""
    names: set[str] = set()
    for _ in range(3):  # a name made from a name made from a name
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and _is_measured(node.value, names):
                names |= {
                    n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)
                }
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_kept = node.func.attr == "append" and isinstance(node.func.value, ast.Name)
                if is_kept and any(_is_measured(one, names) for one in node.args):
                    names.add(ast.unparse(node.func.value))
    return names


def _is_measured(node: ast.AST, names: set[str]) -> bool:
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and ast.unparse(one.func).split(".")[-1] in _CLOCKS:
            return ast.unparse(one.func) != "time" and "." in ast.unparse(one.func)
        if isinstance(one, ast.Name) and one.id in names:
            return True
        if isinstance(one, ast.Attribute) and one.attr.endswith(_MEASURED):
            return True
    return False


def _is_bounded(node: ast.Compare, measured: set[str]) -> bool:
    sides = [node.left, *node.comparators]
    for left, how, right in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(how, ast.Gt | ast.GtE):
            left, right = right, left  # noqa: PLW2901  # the smaller side first
        is_order = isinstance(how, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
        if is_order and _is_measured(left, measured) and _is_number(right):
            return True
    return False


def _is_number(node: ast.AST) -> bool:
    """Whether nothing but numbers makes it: 0.3, 2 * 0.3."""
    parts = [one for one in ast.walk(node) if isinstance(one, ast.Name | ast.Call | ast.Attribute)]
    return not parts and any(isinstance(one, ast.Constant) for one in ast.walk(node))


def short_patience(source: str) -> Iterator[str]:
    """Waits that end after less than the least patience."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in _WAITS:
            for given in node.keywords:
                if given.arg == "timeout" and _is_short(given.value):
                    name = ast.unparse(node.func).split(".")[-1]
                    yield f"{name}(timeout={ast.unparse(given.value)})"
        elif _is_deadline(node) and any(map(_is_short, ast.walk(node))):
            yield ast.unparse(node)


def _is_deadline(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "deadline"


def _is_short(node: ast.AST) -> bool:
    is_number = isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return is_number and node.value < LEAST_PATIENCE_SECONDS


def sources() -> list[Path]:
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("model_code/*/tests/**/*.py")]
    return [path for path in files if path != Path(__file__).resolve()]


def test_nothing_that_was_measured_is_compared_with_a_number() -> None:
    found = [
        f"{name}: {comparison}"
        for path in sources()
        for name in [path.relative_to(ROOT).as_posix()]
        for comparison in upper_bounds(path.read_text("utf-8"))
        if not any(own in comparison for own in _OWN_TIME.get(name, ()))
    ]

    assert found == [], "compare with a reference that the same run measured"


def test_nobody_is_given_up_before_a_busy_machine_has_had_its_turn() -> None:
    found = {
        f"{path.relative_to(ROOT).as_posix()}: {wait}"
        for path in sources()
        for wait in short_patience(path.read_text("utf-8"))
    }

    assert found == _GIVES_UP.keys()


@pytest.mark.parametrize(
    "test",
    [
        "began = time.monotonic()\n assert time.monotonic() - began < 5",
        "began = time.monotonic()\n took = time.monotonic() - began\n assert took < 0.4",
        "began = time.perf_counter()\n took = [time.perf_counter() - began]\n assert max(took) < 1",
        "left = []\n left.append(time.monotonic())\n assert max(left) < 0.5",
        "assert (status, answer.seconds < 0.7) == (200, True)",
        "assert 0.1 <= one.model_seconds < 2 * 0.5",
        "assert 3 > one.lag",
    ],
)
def test_an_upper_bound_in_numbers_is_found(test: str) -> None:
    assert list(upper_bounds(f"def test():\n {test}\n"))


@pytest.mark.parametrize(
    "test",
    [
        "assert one.seconds >= 0.3",
        "began = time.monotonic()\n took = time.monotonic() - began\n assert took < 2 * reference",
        "assert statistics.median(kept_seconds) < statistics.median(fresh_seconds) + 0.02",
        "assert len(found) < 5",
    ],
)
def test_a_lower_bound_and_a_reference_are_none(test: str) -> None:
    assert list(upper_bounds(f"def test():\n {test}\n")) == []


def test_no_example_of_a_property_has_a_deadline() -> None:
    assert settings().deadline is None
    assert settings().derandomize
