"""The committed list of mutants: one line of the platform changed, and the tests that object.

Each `*.toml` beside this file holds the mutants of one room.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = Path(__file__).parent
_WORDS_OF_A_NAME = 8


class StaleMutantError(AssertionError):
    """A mutant that no longer fits the code or the tests; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A changed line, and the tests that must fail with it."""

    file: str
    """Path in the repository."""

    before: str
    after: str
    why: str
    """What the platform would do wrong, as a clause."""

    tests: tuple[str, ...]
    """Each a file and a function, `tests/rollout/test_alarm.py::test_one`; every one must fail."""

    survives: str = ""
    """Why no test can object; empty for a mutant that the tests must notice."""

    room: str

    @property
    def name(self) -> str:
        """A test id: the room and the first words of the consequence."""
        words = re.findall(r"[a-z0-9]+", self.why.lower())[:_WORDS_OF_A_NAME]
        return "-".join((self.room, *words))

    def applied(self, root: Path = ROOT) -> str:
        """The file's text with the change.

        Raises:
            StaleMutantError: the line is gone, occurs twice, or does not change.
        """
        source = root / self.file
        text = source.read_text("utf-8") if source.is_file() else ""
        if (found := text.count(self.before)) != 1 or self.before == self.after:
            raise StaleMutantError(
                f"stale: {self.name}: `{self.before}` is found {found} times in {self.file}, "
                f"and must be found once and change; adapt tests/mutants/{self.room}.toml"
            )
        return text.replace(self.before, self.after)

    def missing_tests(self, root: Path = ROOT) -> list[str]:
        """Its tests that no file defines."""
        return [test for test in self.tests if not _is_defined(root, test)]


def load() -> list[Mutant]:
    """Every mutant of every list, in the order of the files."""
    return [mutant for path in sorted(LISTS.glob("*.toml")) for mutant in _of_list(path)]


def _of_list(path: Path) -> Iterator[Mutant]:
    for entry in tomllib.loads(path.read_text("utf-8"))["mutant"]:
        yield Mutant(**{**entry, "tests": tuple(entry["tests"])}, room=path.stem)


def _is_defined(root: Path, test: str) -> bool:
    path, _, function = test.partition("::")
    return function in _functions(root / path)


@cache
def _functions(source: Path) -> frozenset[str]:
    tree = ast.parse(source.read_text("utf-8") if source.is_file() else "")
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
