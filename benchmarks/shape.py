"""Prints the shape of our code beside the house rules: modules, functions, constructors.

A report, not a gate: a number over its habit is a place to look at in review.
"""

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("app.py", "mlops", "constructs/mlops_constructs", "stacks", "model_code")
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


def main() -> None:
    """Measure the tree and print the report."""
    modules = [_module(path) for path in _python_files(SOURCES) if not _is_test(path)]
    tests = [_module(path) for path in _python_files(("tests", "model_code")) if _is_test(path)]
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


def _module(path: Path) -> Module:
    text = path.read_text("utf-8")
    return Module(path=path.relative_to(ROOT), text=text, tree=ast.parse(text))


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _parameters(function: Function) -> int:
    """Parameters beside self, scope and construct id."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "scope", "construct_id")])


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
