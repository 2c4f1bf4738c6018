"""A version beside what it has to be better than: the approved one and trivial baselines.

The evaluation is a model's own file: whatever in it has not the agreed shape is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_FIGURES = (int, float)
_REPORTED = {"held_out": "all held-out data", "later": "later data"}
"""What is measured and decides nothing: older rows than those judged, and rows after training."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One competitor or part of the data, with its metrics by name."""

    label: str
    metrics: Mapping[str, float]


def compared(evaluation: Mapping[str, Any]) -> list[Row]:
    """The version first, then whom it is compared with, then rows that are reported only."""
    rows = [Row(label="this version", metrics=_figures(evaluation.get("metrics")))]
    rows += _approved(evaluation.get("approved"))
    rows += _named("baseline", evaluation.get("baselines"))
    for key, what in _REPORTED.items():
        found = evaluation.get(key)
        if isinstance(found, Mapping):
            label = f"this version on {what} (never gated)"
            rows.append(Row(label=label, metrics=_figures(found.get("metrics"))))
    return [row for row in rows if row.metrics]


def segments(evaluation: Mapping[str, Any]) -> list[Row]:
    """The version's metrics on each part of the held-out rows."""
    found = evaluation.get("segments")
    groups = found.items() if isinstance(found, Mapping) else ()
    return [row for name, parts in groups for row in _named(str(name), parts) if row.metrics]


def _approved(approved: object) -> Iterator[Row]:
    if isinstance(approved, Mapping) and approved.get("version"):
        label = f"approved version {approved['version']}"
        yield Row(label=label, metrics=_figures(approved.get("metrics")))


def _named(kind: str, found: object) -> Iterator[Row]:
    for name, metrics in found.items() if isinstance(found, Mapping) else ():
        yield Row(label=f"{kind}: {str(name).replace('_', ' ')}", metrics=_figures(metrics))


def _figures(metrics: object) -> dict[str, float]:
    """Plain numbers, or the value of a metric with an interval."""
    found = metrics.items() if isinstance(metrics, Mapping) else ()
    values = {name: m.get("value") if isinstance(m, Mapping) else m for name, m in found}
    return {str(name): float(v) for name, v in values.items() if isinstance(v, _FIGURES)}
