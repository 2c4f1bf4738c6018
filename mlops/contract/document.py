"""Reads a YAML file into plain data that remembers the line of every key."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mlops.contract.problems import ContractError, Problem

KeyPath = tuple[str | int, ...]

MAX_BYTES: Final = 1_000_000
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 40


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file's data, and the line on which each key stands."""

    file: str
    data: object
    lines: dict[KeyPath, int] = field(repr=False)

    def line(self, path: KeyPath) -> int | None:
        """The line of a key, or of its nearest ancestor that the file contains."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1 if self.lines or path else None


def read_document(path: Path, *, root: Path) -> Document:
    """Read one file.

    Raises:
        ContractError: the file is missing, unreadable, no UTF-8, no YAML, or unreasonably large.
    """
    file = path.relative_to(root).as_posix()
    text = _text(path, file)
    return _Plain(file=file).document(_parse(text, file))


def _text(path: Path, file: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refusal(
            file, f"cannot be read: {error.strerror}", "create it; the README shows an example"
        ) from error
    if len(content) > MAX_BYTES:
        raise _refusal(file, f"is larger than {MAX_BYTES:,} bytes", "keep data out of it")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refusal(file, "is not UTF-8 text", "save it as UTF-8", line=line) from error


def _parse(text: str, file: str) -> object:
    try:
        return YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        reason = " ".join((error.problem or error.context or "").split())
        raise _refusal(file, f"is no valid YAML: {reason}", "mend this line", line=line) from error
    except (YAMLError, RecursionError, ValueError, ArithmeticError, LookupError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise _refusal(file, f"is no valid YAML: {reason}", "mend the file") from error
    except (AttributeError, TypeError, NotImplementedError, AssertionError) as error:
        # The parser's own slips on malformed tags and directives are bad input too.
        raise _refusal(
            file, "is no valid YAML: the parser gave up", "remove tags and directives"
        ) from error


def _refusal(file: str, problem: str, remedy: str, *, line: int | None = None) -> ContractError:
    return ContractError((Problem(file=file, key="", problem=problem, remedy=remedy, line=line),))


@dataclass(kw_only=True)
class _Plain:
    """Turns the parser's nodes into dicts, lists and scalars, with bounds against YAML bombs."""

    file: str
    nodes: int = 0
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def document(self, node: object) -> Document:
        data = self._value(node, ())
        return Document(file=self.file, data=data, lines=self.lines)

    def _value(self, node: object, path: KeyPath) -> object:
        self._count(path)
        if isinstance(node, CommentedMap):
            return {
                self._key(key, path): self._child(node.lc.key, key, value, path)
                for key, value in node.items()
            }
        if isinstance(node, CommentedSeq):
            return [
                self._child(node.lc.item, index, value, path) for index, value in enumerate(node)
            ]
        return self._scalar(node, path)

    def _child(self, locate: object, key: str | int, value: object, path: KeyPath) -> object:
        here = (*path, key)
        # A merged key (`<<`) has no position of its own; the ancestor's line is used.
        with contextlib.suppress(KeyError, TypeError, IndexError):
            self.lines[here] = locate(key)[0] + 1  # type: ignore[operator]  # ruamel's untyped position accessor
        return self._value(value, here)

    def _key(self, key: object, path: KeyPath) -> str:
        if isinstance(key, str):
            return str(key)
        raise self._refused(path, f"the key {key!r:.40} is not text", "quote it")

    def _scalar(self, node: object, path: KeyPath) -> object:
        if node is None or isinstance(node, bool):
            return node
        for kind in (str, int, float):
            if isinstance(node, kind):
                return kind(node)
        raise self._refused(
            path,
            f"a {type(node).__name__} is not allowed here",
            "write text or a number; quote dates",
        )

    def _count(self, path: KeyPath) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise self._refused(
                path[:4], "is nested too deeply or expands without end", "flatten it"
            )

    def _refused(self, path: KeyPath, problem: str, remedy: str) -> ContractError:
        line = Document(file=self.file, data=None, lines=self.lines).line(path)
        return ContractError(
            (Problem(file=self.file, key=dotted(path), problem=problem, remedy=remedy, line=line),)
        )


def dotted(path: KeyPath) -> str:
    """A key path as people write it: `gates[0].metric`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
