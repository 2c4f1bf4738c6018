"""The line at the end of a commit's message that tells the automation's commits from people's.

A text of somebody else is made one line first, so that it cannot forge one.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

TRAILER: Final = "Release-Automation"
_LINE: Final = re.compile(rf"^{TRAILER}:[ \t]*([a-z-]+)[ \t]*$", flags=re.MULTILINE)
_GAP: Final = re.compile(r"\n[ \t]*\n")


class Occasion(StrEnum):
    """What made the automation move a pin."""

    APPROVED = "approved"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled-back"


def with_trailers(message: str, found: Iterable[Occasion]) -> str:
    """The message with a line per occasion, each once, as its last paragraph."""
    lines = [f"{TRAILER}: {occasion}" for occasion in Occasion if occasion in set(found)]
    return "\n\n".join([message.strip(), "\n".join(lines)]) + "\n"


def occasions(message: str) -> tuple[Occasion, ...]:
    """The occasions that a message names; none in a message of a person.

    Only the last paragraph counts, and never the subject, as with git's other trailers: a message
    that quotes another one is not a message of the automation.
    """
    _, *paragraphs = _GAP.split(message.replace("\r\n", "\n").strip())
    found = _LINE.findall(paragraphs[-1]) if paragraphs else []
    return tuple(occasion for occasion in Occasion if occasion in found)


def one_line(text: str) -> str:
    """A text of anybody as one printable line: it can neither end a paragraph nor begin one."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
