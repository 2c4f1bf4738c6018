"""Whether a window keeps the contract: columns, types, ranges, allowed values, completeness.

Endpoints of this platform refuse such requests, so what is found here was captured all the same:
refused requests that callers keep sending, or a contract that the model does not enforce.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .field_summary import FieldSummary
from .intervals import wilson
from .schema import Field, Schema
from .settings import Settings
from .window_summary import WindowSummary


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A part of the contract that too many rows break."""

    field: str
    kind: str
    """`missing column`, `extra column`, `null`, `type`, `range` or `allowed`."""
    rows: int
    share: float
    examples: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """For people."""
        shown = f", such as {', '.join(self.examples)}" if self.examples else ""
        return f"{self.kind}: {self.rows} rows ({self.share:.1%}){shown}"


def breaches(summary: WindowSummary, schema: Schema, settings: Settings) -> list[Breach]:
    """What the rows break beyond doubt.

    The lower end of the share's 95 % interval (Wilson 1927) exceeds the tolerance, so that a single
    bad row in a small window is not a breach.
    """
    found: list[Breach] = []
    for field in schema.fields:
        known = summary.fields.get(field.name)
        if known is not None:
            found += _field_breaches(field, known, settings.fault_tolerance)
    rows = summary.rows
    for name, count in summary.extra.items():
        if _exceeds(count, rows, settings.fault_tolerance):
            found.append(Breach(field=name, kind="extra column", rows=count, share=count / rows))
    return found


def _field_breaches(field: Field, summary: FieldSummary, tolerance: float) -> Iterator[Breach]:
    faults = summary.faults
    for kind, count in _counts(field, summary).items():
        if _exceeds(count, faults.rows, tolerance):
            yield Breach(
                field=field.name,
                kind=kind,
                rows=count,
                share=count / faults.rows,
                examples=faults.examples if kind in ("type", "range", "allowed") else (),
            )


def _counts(field: Field, summary: FieldSummary) -> Mapping[str, int]:
    faults = summary.faults
    column_is_gone = faults.rows > 0 and faults.absent == faults.rows
    nulls = 0 if field.nullable or column_is_gone else faults.null
    return {
        "missing column": faults.absent if column_is_gone else 0,
        "null": nulls,
        "type": faults.type,
        "range": faults.range,
        "allowed": faults.domain,
    }


def _exceeds(count: int, rows: int, tolerance: float) -> bool:
    return count > 0 and wilson(count, rows).low > tolerance
