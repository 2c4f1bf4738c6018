r"""The service's patterns, read as Java reads them, because the services are written in it.

Python's `re` knows no `\p{L}`; `regex` does, but two things differ: Java's `\w`, `\d`, `\s` and its
POSIX classes are ASCII alone, and Java's models spell planes beyond the first as surrogate pairs.
Source: https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html.
"""

from functools import cache
from typing import Final

import regex

_SURROGATES: Final = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
# Each ends in a range, so that a hyphen behind it is a hyphen, as it is in Java.
_ASCII: Final = {
    r"\w": "_a-zA-Z0-9",
    r"\d": "0-9",
    r"\s": r" \t-\r",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{Alpha}": "a-zA-Z",
    r"\p{Digit}": "0-9",
    r"\p{Print}": " -~",
    r"\p{Graph}": "!-~",
    r"\p{ASCII}": r"\x00-\x7F",
}
_OPPOSITES: Final = {r"\W": r"\w", r"\D": r"\d", r"\S": r"\s"}
_PART: Final = regex.compile(r"\\p\{\w+\}|\\.|[\[\]]|[^\\\[\]]+", regex.DOTALL)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of a text fits a pattern of a service's model.

    Raises:
        regex.error: the pattern cannot be read; none of the models in use has such a one.
    """
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(translated(pattern), regex.V1)


def translated(pattern: str) -> str:
    """A pattern of Java's as `regex` has to be told it."""
    text = pattern.replace(*_SURROGATES)
    depth, out = 0, []
    for part in _PART.findall(text):
        if part in "[]":
            # A bracket behind a bracket opens no set in the models: they escape it.
            depth += 1 if part == "[" else -1
            out.append(part)
        else:
            out.append(_said(part, inside=depth > 0))
    return "".join(out)


def _said(part: str, *, inside: bool) -> str:
    if part in _ASCII:
        return _ASCII[part] if inside else f"[{_ASCII[part]}]"
    if part in _OPPOSITES:
        return f"[^{_ASCII[_OPPOSITES[part]]}]"
    return r"\Z" if part == r"\z" else part
