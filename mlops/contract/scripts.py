"""A model's Python files, read without running them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

SKIPPED: Final = ("tests",)
"""Folders of Python files that no archive carries."""


@dataclass(frozen=True, kw_only=True)
class ScriptError:
    """Why a file is not Python, and where."""

    line: int
    problem: str


@dataclass(frozen=True)
class Script:
    """One file of a model's folder."""

    path: Path

    @cached_property
    def _read(self) -> ast.Module | ScriptError:
        try:
            return ast.parse(self.path.read_bytes())
        except SyntaxError as error:
            return ScriptError(line=error.lineno or 1, problem=error.msg)
        except (OSError, ValueError, RecursionError) as error:
            return ScriptError(line=1, problem=f"{error}")

    @property
    def error(self) -> ScriptError | None:
        """Why it cannot be run, if it cannot."""
        return self._read if isinstance(self._read, ScriptError) else None

    @property
    def tree(self) -> ast.Module:
        """What it says; nothing where it is not Python."""
        return ast.Module(body=[], type_ignores=[]) if self.error else self._module

    @property
    def _module(self) -> ast.Module:
        if isinstance(self._read, ScriptError):
            raise TypeError(f"{self.path} is not Python")
        return self._read

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that it defines or imports at its top level; `*` for a star import."""
        return frozenset(self.definitions)

    @cached_property
    def definitions(self) -> dict[str, ast.stmt]:
        """The last statement of its top level that gives each name its meaning."""
        return dict(_defined(self.tree.body))

    def class_named(self, name: str) -> ast.ClassDef | None:
        """A class of its top level."""
        found = (node for node in self.tree.body if isinstance(node, ast.ClassDef))
        return next((node for node in found if node.name == name), None)

    def origin(self, name: str) -> str | None:
        """The module that a name is imported from."""
        for node in self.tree.body:
            names = node.names if isinstance(node, ast.ImportFrom) and not node.level else []
            if any((alias.asname or alias.name) == name for alias in names):
                return getattr(node, "module", None)
        return None

    def imports(self) -> Iterator[tuple[int, str]]:
        """The line and the dotted name of every module that it cannot do without."""
        optional = frozenset(_optional(self.tree))
        for node in ast.walk(self.tree):
            if node in optional:
                continue
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def scripts_of(folder: Path) -> list[Script]:
    """Every Python file of a model's folder that jobs may run, in name order."""
    paths = (path for path in folder.rglob("*.py") if not _is_skipped(path, folder))
    return [Script(path) for path in sorted(paths)]


def _is_skipped(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts[:-1]
    return any(part in SKIPPED or part.startswith((".", "__")) for part in parts)


def _defined(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
            yield from ((name, node) for name in names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))
        for inner in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With) and not _never_runs(node, inner):
                yield from _defined(getattr(node, inner, []))


def _never_runs(node: ast.stmt, part: str) -> bool:
    """Whether an import of the script leaves out this part of a condition."""
    if not isinstance(node, ast.If):
        return False
    if isinstance(node.test, ast.Constant):
        return bool(node.test.value) is not (part == "body")
    said = ast.unparse(node.test)
    return part == "body" and ("TYPE_CHECKING" in said or said.startswith("__name__ == "))


def _optional(tree: ast.Module) -> Iterator[ast.AST]:
    """What runs for type checkers only, or may fail without harm."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from (inner for part in node.body for inner in ast.walk(part))
        if isinstance(node, ast.Try) and any(_catches_imports(one) for one in node.handlers):
            yield from (inner for part in node.body for inner in ast.walk(part))


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    caught = "" if handler.type is None else ast.dump(handler.type)
    return handler.type is None or "ImportError" in caught or "ModuleNotFoundError" in caught
