"""Reads a YAML file into plain data that remembers the line of every key.

The composer's nodes are read, not its constructed objects: they know their lines, and no tag can
make an object of anything. Scalars are converted here, so that nothing is taken for a number or a
date that its writer might have meant as text.
"""

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from mlops.contract.problems import ContractError, Problem

KeyPath = tuple[str | int, ...]

MAX_BYTES: Final = 256_000
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 40

_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_TAG}merge"
_COLLECTIONS: Final = (f"{_TAG}map", f"{_TAG}seq")
_SPECIAL_FLOATS: Final = {".inf": "inf", ".nan": "nan"}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file's data, and the line on which each key stands."""

    file: str
    data: object
    lines: dict[KeyPath, int] = field(repr=False)
    kept: Mapping[KeyPath, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """Lists of which a reader sees some entries only: the places of these in the file."""

    def written(self, path: KeyPath) -> KeyPath:
        """The path in the file of what a reader finds at a path."""
        found: KeyPath = ()
        for part in path:
            entries = self.kept.get(found)
            found = (*found, entries[part] if entries and isinstance(part, int) else part)
        return found

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
    node = _composed(_text(path, file), file)
    return _Plain(file=file).document(node)


def _text(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refusal(
            file,
            f"cannot be read: {error.strerror}",
            "create it; docs/reference/model-contract.md lists every key",
        ) from error
    if len(content) > MAX_BYTES:
        raise _refusal(file, f"is larger than {MAX_BYTES:,} bytes", "keep data out of it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refusal(file, "is not UTF-8 text", "save it as UTF-8", line=line) from error


def _composed(text: str, file: str) -> Node | None:
    try:
        with warnings.catch_warnings():
            # An anchor may be defined again; the parser warns on stderr about what YAML allows.
            warnings.simplefilter("ignore")
            node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        reason = " ".join((error.problem or error.context or "").split())
        raise _refusal(file, f"is not valid YAML: {reason}", "fix this line", line=line) from error
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        reason = f"the character #x{error.character:04x} is not allowed"
        raise _refusal(file, f"is not valid YAML: {reason}", "remove it", line=line) from error
    except RecursionError as error:
        raise _refusal(file, "is nested too deeply", "flatten it") from error
    except _PARSER_SLIPS as error:
        reason = "the parser gave up on a directive, a tag or an escape"
        raise _refusal(file, f"is not valid YAML: {reason}", "remove it") from error
    return node


_PARSER_SLIPS: Final = (
    ValueError,  # an escape beyond Unicode ("\U00110000") or a directive with a huge number
    OverflowError,  # an escape beyond a C integer ("\UFFFFFFFF")
)


def _refusal(file: str, problem: str, remedy: str, *, line: int | None = None) -> ContractError:
    return ContractError((Problem(file=file, key="", problem=problem, remedy=remedy, line=line),))


@dataclass(kw_only=True)
class _Plain:
    """Turns nodes into dicts, lists and scalars, with bounds against YAML bombs."""

    file: str
    nodes: int = 0
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def document(self, node: Node | None) -> Document:
        """The whole document.

        Raises:
            ContractError: with everything in it that is not plain data.
        """
        data = None if node is None else self._value(node, ())
        if self.problems:
            raise ContractError(tuple(self.problems))
        return Document(file=self.file, data=data, lines=self.lines)

    def _value(self, node: Node, path: KeyPath) -> object:
        self._count(node, path)
        if not isinstance(node, ScalarNode) and node.tag not in _COLLECTIONS:
            self._refuse(node, path, f"the tag {node.tag!r:.40} is not allowed", "remove the tag")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._child(item, item, index, path) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, object]:
        data: dict[str, object] = {}
        merged: list[Node] = []
        for key_node, value in node.value:
            if key_node.tag == _MERGE:
                merged.append(value)
                continue
            key = self._key(key_node, path)
            if key in data:
                self._refuse(key_node, (*path, key), "duplicate key", "keep one of them")
            elif key is not None:
                data[key] = self._child(key_node, value, key, path)
        for other in merged:
            for key, value in self._merged(other, (*path, "<<")).items():
                data.setdefault(key, value)
        return data

    def _merged(self, node: Node, path: KeyPath) -> dict[str, object]:
        """What `<<` adds; the first of several blocks wins."""
        self._count(node, path)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            parts = [self._merged(item, (*path, "<<")) for item in node.value]
            return {key: value for part in reversed(parts) for key, value in part.items()}
        self._refuse(node, path, "`<<` merges something else than a block of keys", "remove it")
        return {}

    def _child(self, place: Node, node: Node, key: str | int, path: KeyPath) -> object:
        here = (*path, key)
        self.lines[here] = _line(place)
        return self._value(node, here)

    def _key(self, node: Node, path: KeyPath) -> str | None:
        if isinstance(node, ScalarNode) and node.tag == f"{_TAG}str" and _is_unicode(node.value):
            return str(node.value)
        text = node.value if isinstance(node, ScalarNode) else type(node).__name__
        self._refuse(node, path, f"the key {text!r:.40} is not text", "quote it")
        return None

    def _scalar(self, node: Node, path: KeyPath) -> object:
        for value in _plain_scalar(str(node.tag).removeprefix(_TAG), str(node.value)):
            return value
        kind = str(node.tag).removeprefix(_TAG)
        self._refuse(
            node,
            path,
            f"{node.value!r:.40} is read as {kind}, which is not allowed in this form",
            "quote it if it is text, and write numbers in plain decimal digits",
        )
        return None

    def _count(self, node: Node, path: KeyPath) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            self._refuse(
                node, path[:4], "is nested too deeply or expands without end", "flatten it"
            )
            raise ContractError(tuple(self.problems))

    def _refuse(self, node: Node, path: KeyPath, problem: str, remedy: str) -> None:
        self.problems.append(
            Problem(
                file=self.file,
                key=dotted(path),
                problem=problem,
                remedy=remedy,
                line=_line(node),
            )
        )


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _plain_scalar(kind: str, text: str) -> Iterator[object]:
    """The value of a scalar, or nothing when it is written in no form that we read."""
    lower = text.lower()
    if kind == "str" and _is_unicode(text):
        yield text
    if kind == "null" and lower in ("", "~", "null"):
        yield None
    if kind == "bool" and lower in ("true", "false"):
        yield lower == "true"
    if kind == "int" and re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,30})", text):
        yield int(text)
    if kind == "float":
        yield from _float(lower)


def _float(text: str) -> Iterator[float]:
    # An infinity is read as such, so that the spec's own bounds refuse it in the reader's words.
    sign = "-" if text.startswith("-") else ""
    special = _SPECIAL_FLOATS.get(text.lstrip("+-"))
    if special:
        yield float(sign + special)
    elif re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?", text):
        yield float(text)


def _is_unicode(text: str) -> bool:
    """Whether a text can be written to a file; an escaped half of a surrogate pair cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def dotted(path: KeyPath) -> str:
    """A key path as people write it: `gates[0].metric`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part:.80}" for part in path)
    return text.removeprefix(".")
