"""Edits of `config/releases.yaml` that touch one pin and leave every other byte alone.

The composer's nodes say where each key stands; the text between them, its comments and its quotes
are never written anew. What a file may look like has no end (anchors, merges, explicit keys), so
these functions answer the forms that people write, and `mlops.release.pins.releases_file` reads the
result back: an edit that did not do exactly what was asked is never kept.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from mlops.release.errors import ReleaseError

RELEASES_KEY: Final = "releases"
CONTENTS_KEY: Final = "contents"
_EMPTY_FLOW: Final = re.compile(r"[ \t]*\{[ \t]*\}")
_COMMA: Final = re.compile(r"\s*,\s*")


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A key, what stands behind it, and the mapping that holds both."""

    key: Node
    value: Node
    home: MappingNode

    @property
    def start(self) -> int:
        return int(self.key.start_mark.index)


@dataclass(frozen=True, kw_only=True)
class _Pin:
    """What is to be written for one model, apart from where."""

    model: str
    stage: str
    version: int

    @property
    def in_stage(self) -> str:
        return f"{self.stage}: {self.version}"

    @property
    def in_model(self) -> str:
        return f"{self.model}: {{{self.in_stage}}}"


def with_pin(text: str, *, model: str, stage: str, version: int, stages: Sequence[str]) -> str:
    """The text with one pin set; a new one stands where `stages`, in promotion order, put it."""
    pin = _Pin(model=model, stage=stage, version=version)
    root = _composed(text)
    releases = _entries(root).get(RELEASES_KEY)
    if releases is None:
        return _with_releases(text, root, pin)
    found = _entries(releases.value).get(model)
    if found is None:
        return _with_model(text, releases, pin)
    pins = _entries(found.value)
    if stage not in pins:
        return _with_stage(text, found, pin, stages)
    return _with_version(text, pins[stage].value, version)


def with_content(text: str, *, model: str, version: int, content: str) -> str:
    """The text with one line more, which says what a version consists of.

    Below `contents`, below the model, behind the versions that are there; what is not there yet
    comes to the end of the file. A flow style is left to its writer: the text stays as it is.
    """
    line = f'"{version}": {content}'
    root = _composed(text)
    contents = _entries(root).get(CONTENTS_KEY)
    if contents is None:
        return _at_the_end(text, [f"{CONTENTS_KEY}:", f"  {model}:", f"    {line}"])
    found = _entries(contents.value).get(model)
    if found is None and _entries(contents.value):
        last = list(_entries(contents.value).values())[-1]
        column = " " * _column(contents.value)
        return _after_line(text, _end(last.value), [f"{column}{model}:", f"{column}  {line}"])
    if found is None or _is_flow(found.value) or not _entries(found.value):
        return text
    return _after_line(text, _end(found.value), [" " * _column(found.value) + line])


def _at_the_end(text: str, lines: list[str]) -> str:
    end = _eol(text)
    gap = "" if not text or text.endswith("\n") else end
    return text + gap + "".join(line + end for line in lines)


def without_pin(text: str, *, model: str, stage: str) -> str:
    """The text without one pin; a model's last one leaves an empty mapping behind its name.

    Raises:
        ReleaseError: the pin shares its line with something that must stay.
    """
    releases = _entries(_composed(text))[RELEASES_KEY]
    found = _entries(releases.value)[model]
    pins = _entries(found.value)
    if _is_flow(found.value):
        return _without_flow_entry(text, list(pins.values()), pins[stage])
    without = _without_line(text, pins[stage])
    if len(pins) > 1:
        return without
    return _replaced(without, _behind_colon(text, found), _behind_colon(text, found), " {}")


def _composed(text: str) -> MappingNode | None:
    with warnings.catch_warnings():
        # An anchor may be defined again; the contract's reader has accepted the file as it is.
        warnings.simplefilter("ignore")
        node: MappingNode | None = YAML(typ="safe", pure=True).compose(text)
    return node


def _entries(node: Node | None) -> dict[str, _Entry]:
    if not isinstance(node, MappingNode):
        return {}
    return {
        str(key.value): _Entry(key=key, value=value, home=node)
        for key, value in node.value
        if isinstance(key, ScalarNode)
    }


def _with_version(text: str, value: Node, version: int) -> str:
    """The last digits of a value are its version, be it a number or a model package's ARN."""
    start, end = value.start_mark.index, value.end_mark.index
    written = re.sub(r"[0-9]+(?=[\"']?\s*$)", str(version), text[start:end])
    return _replaced(text, start, end, written)


def _with_stage(text: str, model: _Entry, pin: _Pin, stages: Sequence[str]) -> str:
    pins = _entries(model.value)
    earlier = stages[: stages.index(pin.stage)]
    after = next((pins[name] for name in reversed(pins) if name in earlier), None)
    if _is_flow(model.value):
        return _into_flow(text, model.value, pin.in_stage, after)
    index = _behind_colon(text, model) if after is None else _end(after.value)
    return _after_line(text, index, [" " * _column(model.value) + pin.in_stage])


def _with_model(text: str, releases: _Entry, pin: _Pin) -> str:
    models = list(_entries(releases.value).values())
    if not _is_flow(releases.value):
        last, column = models[-1], _column(releases.value)
        lines = [" " * column + line for line in _like(last, pin)]
        return _after_line(text, _with_inner_comments(text, _end(last.value), column), lines)
    colon = _behind_colon(text, releases)
    empty = _EMPTY_FLOW.match(text, colon)
    if empty is None or _is_flow(releases.home):
        return _into_flow(text, releases.value, pin.in_model, models[-1] if models else None)
    return _after_line(_replaced(text, colon, empty.end(), ""), colon, [f"  {pin.in_model}"])


def _like(sibling: _Entry, pin: _Pin) -> list[str]:
    """A model's lines in the layout of the model above."""
    if _is_flow(sibling.value):
        return [pin.in_model]
    step = max(_column(sibling.value) - _column(sibling.key), 1)
    return [f"{pin.model}:", " " * step + pin.in_stage]


def _with_releases(text: str, root: Node | None, pin: _Pin) -> str:
    if root is not None:
        return _into_flow(text, root, f"{RELEASES_KEY}: {{{pin.in_model}}}", None)
    end = _eol(text)
    gap = "" if not text or text.endswith("\n") else end
    return f"{text}{gap}{RELEASES_KEY}:{end}  {pin.in_model}{end}"


def _into_flow(text: str, mapping: Node, entry: str, after: _Entry | None) -> str:
    entries = _entries(mapping)
    if after is not None:
        end = _end(after.value)
        return _replaced(text, end, end, f", {entry}")
    if entries:
        first = next(iter(entries.values())).start
        return _replaced(text, first, first, f"{entry}, ")
    inside = text.index("{", mapping.start_mark.index) + 1
    return _replaced(text, inside, inside, entry)


def _without_flow_entry(text: str, entries: list[_Entry], entry: _Entry) -> str:
    place, end = entries.index(entry), _end(entry.value)
    if _is_alone(text, entry.start, end):
        return _without_line(text, entry)
    if place + 1 < len(entries):
        following = entries[place + 1].start
        if _COMMA.fullmatch(text, end, following):
            return _replaced(text, entry.start, following, "")
    elif place > 0:
        previous = _end(entries[place - 1].value)
        if _COMMA.fullmatch(text, previous, entry.start):
            return _replaced(text, previous, end, "")
    else:
        comma = _COMMA.match(text, end)
        return _replaced(text, entry.start, comma.end() if comma else end, "")
    raise ReleaseError(
        "config/releases.yaml: the pin stands between comments or line breaks that would go with "
        "it; remedy: remove it by hand"
    )


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing but an entry, its comma and its comment stands on its line."""
    before, behind = text[_line_start(text, start) : start], text[end : _line_end(text, end)]
    return not before.strip() and re.fullmatch(r"[ \t]*,?[ \t]*(#.*)?\s*", behind) is not None


def _without_line(text: str, entry: _Entry) -> str:
    start, end = _line_start(text, entry.start), _line_end(text, _end(entry.value))
    if not text[start:end].endswith("\n"):
        # The file ends without a line break, and does so afterwards.
        start = len(text[:start].removesuffix("\n").removesuffix("\r"))
    return _replaced(text, start, end, "")


def _after_line(text: str, index: int, lines: list[str]) -> str:
    place, end = _line_end(text, index), _eol(text)
    if text[:place].endswith("\n"):
        return _replaced(text, place, place, "".join(line + end for line in lines))
    return _replaced(text, place, place, "".join(end + line for line in lines))


def _behind_colon(text: str, entry: _Entry) -> int:
    return text.index(":", entry.key.end_mark.index) + 1


def _end(node: Node) -> int:
    """Where a value ends; a block mapping's own mark stands behind the comments that follow it."""
    if isinstance(node, MappingNode) and not _is_flow(node) and node.value:
        return _end(node.value[-1][1])
    return int(node.end_mark.index)


def _with_inner_comments(text: str, index: int, column: int) -> int:
    """The end of a block's last line; comments that are indented further belong to the block."""
    comments = re.compile(rf"(?: {{{column + 1},}}#.*(?:\n|\Z))*")
    found = comments.match(text, _line_end(text, index))
    return found.end() - 1 if found else index


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Where the next line starts."""
    return text.find("\n", index) + 1 or len(text)


def _column(node: Node) -> int:
    return int(node.start_mark.column)


def _is_flow(node: Node) -> bool:
    return isinstance(node, MappingNode) and bool(node.flow_style)


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _replaced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
