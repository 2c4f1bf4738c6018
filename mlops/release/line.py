"""Texts that somebody else wrote, as one line of ours."""


def one_line(text: str) -> str:
    """A text of anybody as one printable line: it can neither end a paragraph nor begin one."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
