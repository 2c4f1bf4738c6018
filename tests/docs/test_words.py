"""Words that are riddles, inversions or personifications are kept out of what users read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from mlops.cli import cli

ROOT = Path(__file__).resolve().parents[2]
BANNED: Final = {
    r"told": "notified, reported",
    r"wak(?:e|es|ing)|woken": "trigger, start",
    r"mend(?:s|ed|ing)?": "fix, correct",
    r"notic(?:e|es|ed)": "detect",
    r"condemn(?:s|ed)?": "reject",
    r"second opinions?": "third-party checks",
    r"stands? (?:here|there|twice)": "is listed; duplicate key",
    r"aloud": "in a message",
    r"minds": "respects, ignores",
    r"knows? no": "has no, does not support",
    r"by the clock|the clock (?:start|ask|call|trigger)s?": "a schedule",
    r"(?<!there )(?:is|are) no(?! longer| older| more| such| less| fewer)": "is not a",
}
WORDS = re.compile(r"(?<!-)\b(?:" + "|".join(BANNED) + r")\b", re.IGNORECASE)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [
    path for room in ("mlops", "constructs", "stacks") for path in (ROOT / room).rglob("*.py")
]
QUOTED: Final = ("The object is no valid tar.gz",)
"""What AWS writes."""


def banned(text: str) -> list[str]:
    """What of a text is banned, with what stands around it."""
    return [text[max(0, m.start() - 30) : m.end() + 30] for m in WORDS.finditer(text)]


def prose(page: str) -> str:
    """A page without its code, which has names that are no prose."""
    return re.sub(r"`[^`]*`", "", re.sub(r"^ *```.*?^ *```", "", page, flags=re.M | re.S))


def messages(path: Path) -> Iterator[str]:
    """Every text of a module that is not documentation: errors, descriptions, reasons."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
            )
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and id(node) not in skipped and " " in value:
            yield value


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The help of a command, of its options, and of the commands below it."""
    texts = [getattr(parameter, "help", None) or "" for parameter in command.params]
    yield name, "\n".join([command.help or "", *texts])
    if isinstance(command, click.Group):
        for below in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), below)
            assert found is not None
            yield from helps(found, f"{name} {below}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_has_no_banned_word(page: Path) -> None:
    assert banned(prose(page.read_text("utf-8"))) == []


def test_no_message_has_a_banned_word() -> None:
    texts = [
        (path.relative_to(ROOT).as_posix(), text) for path in SOURCES for text in messages(path)
    ]

    assert len(texts) > 1000
    assert [
        (path, found)
        for path, text in texts
        if not any(quoted in text for quoted in QUOTED) and (found := banned(text))
    ] == []


def test_no_help_of_a_command_has_a_banned_word() -> None:
    texts = dict(helps(cli, "mlops"))

    assert len(texts) > 20
    assert {name: found for name, text in texts.items() if (found := banned(text))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "People are told", "it wakes the build", "mend the lock", "drift was noticed",
        "is no day of the calendar", "are no counts", "the key stands here twice", "knows no tags",
        "a second opinion", "by the clock", "a schedule minds the lock", "condemned", "said aloud",
    ],
)  # fmt: skip
def test_a_banned_word_is_found(text: str) -> None:
    assert len(banned(text)) == 1


@pytest.mark.parametrize(
    "text", ["there is no stage", "is no longer", "recommended", "is not a day"]
)
def test_plain_english_is_left_alone(text: str) -> None:
    assert banned(text) == []
