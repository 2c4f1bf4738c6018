"""The table in `expected/`: what each principal may do and what it may not, row by row."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from tests.iam.simulator import Verdict

TABLE: Final = Path(__file__).with_name("expected")
SIDES: Final = frozenset({"identity", "resource"})
_REQUIRED: Final = frozenset({"id", "action", "resource"})
_COMMON: Final = _REQUIRED | {"context", "judged_as", "stages", "source"}
SOURCES: Final = ("connection", "codecommit")
"""What a delivery may follow; each is synthesized, and judged by its rows and those of both."""
_KEYS: Final = {"may": _COMMON | {"guarded_by", "granted_by"}, "may not": _COMMON | {"refused_by"}}


class TableError(Exception):
    """The table says something that cannot be understood."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One request and what becomes of it."""

    name: str
    written: str
    """The name before `<stage>` and `<other>` were put in."""
    place: tuple[str, str]
    """What `<stage>` and `<each>` stand for here, or nothing."""
    who: str
    action: str
    resource: str
    allowed: bool
    context: Mapping[str, Any] = field(default_factory=dict)
    judged_as: str | None = None
    refused_by: frozenset[str] = frozenset()
    """The sides that refuse, each by itself."""
    granted_by: frozenset[str] = SIDES
    """The sides without which the request is refused."""
    source: str | None = None
    """The one kind of source that it is about; None: about both."""
    guarded_by: Sequence[str] = ()
    """Written names of the denials that notice when a permission behind this row is widened."""

    def __str__(self) -> str:
        return self.name

    def is_met_by(self, verdict: Verdict) -> bool:
        """Whether IAM answers what the row says, and the right sides refuse."""
        return verdict.allowed == self.allowed and (
            self.allowed or verdict.refused_by == self.refused_by
        )


@dataclass(frozen=True, kw_only=True)
class Table:
    """All rows, and the widenings that no denial can notice, each with its reason."""

    rows: Sequence[Row]
    written: Mapping[str, int]
    """How many rows a person wrote, by `may` and `may not`."""
    survivors: Mapping[str, Mapping[str, str]]
    """By the written name of a row and by the change: the reason."""

    def of(self, source: str) -> "Table":
        """The rows that a platform with this kind of source has to meet."""
        return replace(self, rows=[row for row in self.rows if row.source in (None, source)])

    def guards(self, row: Row) -> list[Row]:
        """The denials that an allowed row names, those of its own stage where both have one."""
        return [
            guard
            for guard in self.rows
            if guard.written in row.guarded_by
            and all(a == b or not a or not b for a, b in zip(guard.place, row.place, strict=True))
        ]


@dataclass(frozen=True, kw_only=True)
class _Written:
    """A row as it stands in the table, and what to put into it."""

    block: Mapping[str, Any]
    row: Mapping[str, Any]
    kind: str
    put_in: Mapping[str, str]

    def filled(self, value: Any) -> str:
        text = str(value)
        for placeholder, name in self.put_in.items():
            text = text.replace(placeholder, name)
        return text

    def name(self, id_: str) -> str:
        return id_ if ": " in id_ else f"{self.block['principal']}: {id_}"


@cache
def the_table() -> Table:
    """The committed one. It is long, and read once in a process."""
    return load_table(TABLE)


def load_table(folder: Path) -> Table:
    """The table of all files of a folder, with every stage put in.

    Raises:
        TableError: a key or a name is unknown or used twice, or a guard is not a denial.
    """
    files = [YAML(typ="safe").load(file) for file in sorted(folder.glob("*.yaml"))]
    stages = [stage for file in files for stage in file.get("stages", [])]
    named = [pair for file in files for pair in _of_each_stage(file.get("resources", {}), stages)]
    _refuse_repeated("a resource is", [name for name, _ in named])
    names = dict(named)
    blocks = [block for file in files for block in file.get("principals", [])]
    rows = [_row(written, names) for block in blocks for written in _written(block, stages)]
    _check(rows)
    return Table(
        rows=rows,
        written={kind: sum(len(block.get(kind, [])) for block in blocks) for kind in _KEYS},
        survivors={
            row: reasons for file in files for row, reasons in file.get("survivors", {}).items()
        },
    )


def _of_each_stage(names: Mapping[str, str], stages: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name, text in names.items():
        for stage in stages if "<stage>" in name else [""]:
            yield name.replace("<stage>", stage), text.replace("<stage>", stage)


def _written(block: Mapping[str, Any], stages: Sequence[str]) -> Iterator[_Written]:
    for kind, known in _KEYS.items():
        for row in block.get(kind, []):
            if not _REQUIRED <= set(row) <= known:
                raise TableError(f"{block['principal']}: {row}: `{kind}` knows {sorted(known)}")
            for stage in row.get("stages", block.get("stages", [""])):
                for each in block.get("each", [""]):
                    for other in _others(row, stage, stages):
                        put_in = {"<stage>": stage, "<each>": each, "<other>": other}
                        yield _Written(block=block, row=row, kind=kind, put_in=put_in)


def _others(row: Mapping[str, Any], stage: str, stages: Sequence[str]) -> list[str]:
    own = {key: value for key, value in row.items() if key != "guarded_by"}
    return [one for one in stages if one != stage] if "<other>" in str(own) else [""]


def _row(written: _Written, names: Mapping[str, str]) -> Row:
    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(one) for one in value]
        text = written.filled(value)
        return names.get(text, text)

    row, put_in = written.row, written.put_in
    name = written.name(row["id"])
    return Row(
        name=written.filled(name),
        written=name,
        place=(put_in["<stage>"], put_in["<each>"]),
        who=named(written.block["who"]),
        action=row["action"],
        resource=named(row["resource"]),
        allowed=written.kind == "may",
        context={key: named(value) for key, value in row.get("context", {}).items()},
        judged_as=row.get("judged_as"),
        source=_source(row.get("source", written.block.get("source"))),
        granted_by=_sides(row, "granted_by"),
        refused_by=_sides(row, "refused_by") if written.kind == "may not" else frozenset(),
        guarded_by=[written.name(id_) for id_ in row.get("guarded_by", [])],
    )


def _source(name: str | None) -> str | None:
    if name not in (None, *SOURCES):
        raise TableError(f"source is {name}; allowed: {', '.join(SOURCES)}")
    return name


def _sides(row: Mapping[str, Any], key: str) -> frozenset[str]:
    """Both sides, unless the row says that one of them is enough."""
    side = row.get(key)
    if side is not None and side not in SIDES:
        raise TableError(f"{row}: {key} is {side}; allowed: {', '.join(sorted(SIDES))}")
    return SIDES if side is None else frozenset({side})


def _refuse_repeated(what: str, names: Sequence[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise TableError(f"{what} used twice: {', '.join(twice)}")


def _check(rows: Sequence[Row]) -> None:
    _refuse_repeated("a row is", [row.name for row in rows])
    denials = {row.written for row in rows if not row.allowed}
    unknown = sorted({name for row in rows for name in row.guarded_by} - denials)
    if unknown:
        raise TableError(f"guarded by what is not a denial: {', '.join(unknown)}")
    places = ("arn:", "[", "*")
    lost = sorted({row.resource for row in rows if not row.resource.startswith(places)})
    if lost:
        raise TableError(f"no such resource: {', '.join(lost)}")
