"""What is wrong with a file that a person wrote, in the words that let them fix it."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]
"""A file with an error is refused; a warning is printed, and everything goes on."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake: where it is, what was found, what is allowed, what to do."""

    file: str
    key: str
    problem: str
    remedy: str
    got: str | None = None
    allowed: str | None = None
    line: int | None = None
    level: Level = "error"

    def __str__(self) -> str:
        """The whole problem on one line, as printed by `mlops validate`."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        level = "" if self.level == "error" else f"{self.level}: "
        key = f"{self.key}: " if self.key else ""
        parts = [f"{where}: {level}{key}{self.problem}"]
        if self.got is not None:
            parts.append(f"got {self.got}")
        if self.allowed is not None:
            parts.append(f"allowed: {self.allowed}")
        return _printable("; ".join([*parts, f"remedy: {self.remedy}"]))


class ContractError(Exception):
    """Every problem of the files that were read; raised once, after all were checked."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnreadableError(Exception):
    """A rule asked for a value that the file lacks, or that is wrong by itself."""


def _printable(text: str) -> str:
    """The text with everything escaped that would break the line or the terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
