"""The size of modules, functions and constructors, beside the house rules.

Three rules are enforced. No function is longer than 45 lines (its docstring not counted). No
constructor has more than 6 parameters (`self`, the scope and the construct id not counted). What
exceeds one of these for a good reason is listed here with that reason. And of the tests in folders
that mirror a folder of sources, 90 % are named after a module. Every other figure is a report.
"""

import argparse
import ast
import io
import statistics
import sys
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ("app.py", "mlops", "constructs", "stacks", "model_code", "tools", "benchmarks")
MAX_FUNCTION_LINES: Final = 45
MAX_CONSTRUCTOR_PARAMETERS: Final = 6
MIN_MIRROR_PERCENT: Final = 90
MIRRORED: Final = {
    "constructs/mlops_constructs": "tests/constructs",
    "constructs/mlops_handlers": "tests/handlers",
    "mlops": "tests",
    "stacks": "tests/stacks",
    "tools": "tests/tools",
}
"""Each folder of sources, and where its tests stand under the same names."""
EXCEPTIONS: Final = {
    "tests/contract/test_naming.py:test_names_that_cross_accounts_are_spelled_out": (
        "one table of names"
    ),
    "tests/external/emulator/test_first_deployment.py:walk": "the states of one page, in its order",
    "tests/handlers/monitoring/test_weekly_text.py:test_the_whole_message_reads_like_this": (
        "one message, quoted whole"
    ),
    "tests/rehearsal/conftest.py:definition": "one pipeline definition, spelled out",
}
"""Functions that may exceed a rule, each with the reason. An entry that is not needed fails."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Module:
    """One source file, parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Lines that are not blank."""
        return sum(1 for line in self.text.splitlines() if line.strip())

    @property
    def functions(self) -> list[Function]:
        """Every function and method."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """Tests in folders that mirror sources: which are named after a module, and which are not."""

    named: frozenset[str]
    others: frozenset[str]

    @classmethod
    def of(cls, root: Path) -> "Mirror":
        """Compare every folder of sources with the folder of its tests, by file name."""
        expected = {
            test.joinpath(*file.relative_to(root / source).parts[:-1], _test_name(file)).as_posix()
            for source, test in ((place, Path(tests)) for place, tests in MIRRORED.items())
            for file in (root / source).rglob("*")
            if file.suffix in (".py", ".sh")
        }
        folders = {place.rpartition("/")[0] for place in expected} - {"tests"}
        tests = {file.relative_to(root).as_posix() for file in (root / "tests").rglob("test_*.py")}
        mirroring = frozenset(test for test in tests if test.rpartition("/")[0] in folders)
        return cls(named=mirroring & expected, others=mirroring - expected)

    @property
    def percent(self) -> float:
        """Share of the tests that are named after a module."""
        return 100 * len(self.named) / max(len(self.named) + len(self.others), 1)

    def problems(self) -> list[str]:
        """One line where the share is too small, with every test that has no module."""
        if self.percent >= MIN_MIRROR_PERCENT:
            return []
        share = f"{self.percent:.1f} % are named after a module, {MIN_MIRROR_PERCENT} needed"
        return [f"tests: {share}; name or move: {', '.join(sorted(self.others))}"]


def _test_name(file: Path) -> str:
    return f"test_{file.stem.strip('_').replace('-', '_')}.py"


def main() -> None:
    """Measure the tree, print the report, and exit with 1 where a rule is exceeded."""
    parser = argparse.ArgumentParser(description="Measure the size of the code.")
    parser.add_argument("--quiet", action="store_true", help="print exceeded rules only")
    given = parser.parse_args()
    modules = [read(path) for path in _python_files(SOURCES) if not _is_test(path)]
    tests = [read(path) for path in _python_files(("tests", "model_code")) if _is_test(path)]
    mirror = Mirror.of(ROOT)
    if not given.quiet:
        _report(modules, tests, mirror)
    found = exceeded([*modules, *tests], EXCEPTIONS) + mirror.problems()
    for line in found:
        print(f"shape: {line}", file=sys.stderr)
    sys.exit(1 if found else 0)


def exceeded(modules: Sequence[Module], exceptions: Mapping[str, str]) -> list[str]:
    """What exceeds a rule and is not excepted, and every exception that is not needed."""
    found = {
        f"{module.path}:{function.name}": problem
        for module in modules
        for function in module.functions
        if (problem := _problem(function))
    }
    unneeded = [
        f"{place}: exceeds no rule; remove it from EXCEPTIONS in tools/shape.py"
        for place in exceptions.keys() - found.keys()
    ]
    return sorted(
        [f"{place}: {problem}" for place, problem in found.items() if place not in exceptions]
        + unneeded
    )


def _problem(function: Function) -> str:
    if (lines := _length(function)) > MAX_FUNCTION_LINES:
        return f"{lines} lines, {MAX_FUNCTION_LINES} allowed; extract a function"
    wide = function.name == "__init__" and _parameters(function)
    if wide > MAX_CONSTRUCTOR_PARAMETERS:
        return (
            f"{wide} parameters, {MAX_CONSTRUCTOR_PARAMETERS} allowed; pass a frozen props object"
        )
    return ""


def _report(modules: list[Module], tests: list[Module], mirror: Mirror) -> None:
    functions = [function for module in modules for function in module.functions]
    constructors = [function for function in functions if function.name == "__init__"]
    rows = [
        ("modules", f"{len(modules)}", ""),
        ("module lines med / p90 / max", _spread([m.lines for m in modules]), "60-110 / 220 / 300"),
        ("function lines med / p90 / max", _spread([_length(f) for f in functions]), "8 / 25 / 45"),
        ("__init__ lines max", str(max(map(_length, constructors), default=0)), "40"),
        ("__init__ parameters max", str(max(map(_parameters, constructors), default=0)), "6"),
        ("docstring % of lines", _percent(sum(map(_docstring_lines, modules)), modules), "12-22"),
        ("comment % of lines", _percent(sum(map(_comment_lines, modules)), modules), "2-5"),
        ("test : source lines", f"{_total(tests) / _total(modules):.2f}", "1.0-1.6"),
        ("tests named after a module %", f"{mirror.percent:.1f}", "90"),
        ("vague file names", _vague(modules), "none"),
    ]
    print(f"{'':34}{'ours':>22}  habit")
    for name, ours, habit in rows:
        print(f"{name:34}{ours:>22}  {habit}")
    print("\nlongest functions:")
    for line in _longest(modules):
        print(f"  {line}")


def _python_files(places: tuple[str, ...]) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _is_test(path: Path) -> bool:
    return "tests" in path.relative_to(ROOT).parts


def read(path: Path) -> Module:
    """Parse one file of the project."""
    text = path.read_text("utf-8")
    return Module(path=path.relative_to(ROOT), text=text, tree=ast.parse(text))


def _length(function: Function) -> int:
    """Lines from the signature to the end, without the docstring."""
    return _lines(function) - sum(_lines(node) for node in _docstring(function))


def _docstring(function: Function) -> list[ast.stmt]:
    return function.body[:1] if ast.get_docstring(function, clean=False) is not None else []


def _lines(node: Function | ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _parameters(function: Function) -> int:
    """Parameters beside self, scope and construct id."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "scope", "id_", "construct_id")])


def _docstring_lines(module: Module) -> int:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(module.tree) if isinstance(node, kinds)]
    return sum(len((ast.get_docstring(node) or "").splitlines()) for node in nodes)


def _comment_lines(module: Module) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    return sum(1 for token in tokens if token.type == tokenize.COMMENT)


def _spread(values: list[int]) -> str:
    ordered = sorted(values)
    p90 = ordered[int(0.9 * (len(ordered) - 1))]
    return f"{statistics.median(ordered):g} / {p90} / {ordered[-1]}"


def _total(modules: list[Module]) -> int:
    return sum(module.lines for module in modules)


def _percent(part: int, modules: list[Module]) -> str:
    return f"{100 * part / _total(modules):.1f}"


def _vague(modules: list[Module]) -> str:
    vague = ("util", "helper", "common", "misc")
    found = [str(m.path) for m in modules if m.path.stem.rstrip("s") in vague]
    return ", ".join(found) or "none"


def _longest(modules: list[Module]) -> list[str]:
    sized = [(_length(f), f"{m.path}:{f.lineno} {f.name}") for m in modules for f in m.functions]
    return [f"{size:4} {where}" for size, where in sorted(sized, reverse=True)[:8]]


if __name__ == "__main__":
    main()
