"""Where the commands print: a terminal of its own width, or a pipe, which has none."""

from typing import Final

from rich.console import Console

_NO_WIDTH: Final = 1_000_000


def console() -> Console:
    """A console on standard output.

    In a terminal, tables fit its width. Whatever goes elsewhere is neither wrapped nor cut,
    whatever `COLUMNS` says: the program that reads it takes a line for a line.
    """
    found = Console()
    return found if found.is_terminal else Console(width=_NO_WIDTH)
