"""What a window is compared with: each field of the training data, counted once.

The request's fields come from the rows that the model learned from. The answer's fields should be
predictions for rows that it did not learn from: a model is surer of what it has seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .arrays import Ints, Mask
from .bias import MeasuredRates, rates_to_json
from .bins import Bins, CategoryBins, NumberBins
from .columns import Values
from .errors import MonitoringError
from .faults import Checked, checked
from .field_summary import Frame, cells_of
from .moments import Moments
from .schema import Field, Schema
from .strata import Strata

SCHEMA: int = 1
"""Version of our part of statistics.json."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One field of the baseline."""

    frame: Frame
    rows: int
    missing: int
    novel: int
    """Rows that another sample like this one would find unseen, as far as this one can tell."""
    moments: Moments
    strata: Strata = field(default_factory=Strata)
    """The same rows apart, where the settings name a field to compare within."""

    @property
    def is_numeric(self) -> bool:
        """Whether its bins have an order."""
        return self.frame.field.is_numeric

    @property
    def counts(self) -> Ints:
        """Rows by bin."""
        return self.frame.baseline

    @property
    def present(self) -> int:
        """Rows with a usable value."""
        return int(self.counts.sum())


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Every field of the training data, and of the predictions where they were given."""

    schema: Schema
    references: Mapping[str, Reference]
    rates: MeasuredRates = field(default_factory=dict)
    """Of the groups among the held-out rows; empty where their labels were not given."""

    @cached_property
    def frames(self) -> dict[str, Frame]:
        """How windows are counted, by field."""
        return {name: reference.frame for name, reference in self.references.items()}

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that can be compared."""
        named = (*self.schema.fields, self.schema.label)
        return tuple(field for field in named if field.name in self.references)

    @classmethod
    def of(
        cls,
        schema: Schema,
        columns: Mapping[str, Values],
        *,
        within: str = "",
        answered_within: Values | None = None,
        rates: MeasuredRates | None = None,
    ) -> "Baseline":
        """The baseline of columns; the answer's and the label may be left out.

        Args:
            schema: The contract's fields.
            columns: Of equal length on each side; the label is on the request's.
            within: The field of the request that makes strata, if one does.
            answered_within: Its values for the rows of the answers, if those are other rows.
            rates: Of the groups among the rows of the answers, if their labels are known.

        Raises:
            MonitoringError: a column is missing, or holds no value of its type.
        """
        _refuse_gaps(schema, columns)
        asked = _Split.of(schema, within, columns)
        told = asked
        if answered_within is not None:
            told = _Split.of(schema, within, columns, values=answered_within)
        answers = {field.name for field in schema.output}
        return cls(
            schema=schema,
            references={
                known.name: _reference(
                    known, columns[known.name], told if known.name in answers else asked
                )
                for known in (*schema.fields, schema.label)
                if known.name in columns
            },
            rates={} if rates is None else rates,
        )

    def to_json(self) -> dict[str, Any]:
        """Our part of statistics.json."""
        return {
            "schema": SCHEMA,
            "fields": [_entry(self.references[field.name]) for field in self.fields],
            "rates": rates_to_json(self.rates),
        }


def _refuse_gaps(schema: Schema, columns: Mapping[str, Values]) -> None:
    answers = [field.name for field in schema.output]
    wanted = [field.name for field in schema.input]
    if not columns.keys().isdisjoint(answers):
        wanted += answers
    gaps = [name for name in wanted if name not in columns]
    if gaps:
        raise MonitoringError(
            f"the baseline's data has no column {', '.join(gaps)}; allowed: every field of the "
            "request, and every or no field of the answer; remedy: add the column"
        )


@dataclass(frozen=True, kw_only=True)
class _Split:
    """Which stratum each row belongs to, and for which rows it is known."""

    cells: Ints
    known: Mask

    @classmethod
    def of(
        cls,
        schema: Schema,
        within: str,
        columns: Mapping[str, Values],
        values: Values | None = None,
    ) -> "_Split | None":
        if not within:
            return None
        found = next((known for known in schema.input if known.name == within), None)
        if found is None:
            raise MonitoringError(
                f"compare_within is {within!r}; allowed: a field of the request; remedy: name one"
            )
        bins = _bins(found, checked(found, columns[within], absent=0))
        rows = checked(found, columns[within] if values is None else values, absent=0)
        cells = np.zeros(len(rows.usable), dtype=np.int64)
        cells[rows.usable] = cells_of(bins, rows)
        return cls(cells=cells, known=rows.usable)

    def strata(self, field: Field, usable: Mask, bins: Ints, size: int) -> Strata:
        if len(usable) != len(self.cells):
            raise MonitoringError(
                f"{field.name} has {len(usable)} rows and what it is compared within "
                f"{len(self.cells)}; allowed: as many; remedy: give the predictions that column too"
            )
        return Strata.of(self.cells[usable], self.known[usable], bins, size)


def _bins(field: Field, found: Checked) -> Bins:
    if field.is_numeric:
        return NumberBins.from_values(found.numbers)
    return CategoryBins.from_values(found.words)


def _reference(field: Field, values: Values, split: _Split | None) -> Reference:
    found = checked(field, values, absent=0)
    if not found.usable.any():
        raise MonitoringError(
            f"the baseline's data holds no {field.type} in {field.name}; allowed: at least one "
            "value of the contract's type; remedy: correct the data or the field's type"
        )
    bins = _bins(field, found)
    cells = cells_of(bins, found)
    counts = np.bincount(cells, minlength=bins.size).astype(np.int64)
    return Reference(
        frame=Frame(field=field, bins=bins, baseline=counts),
        rows=len(values),
        missing=found.faults.null,
        novel=_novel(bins, counts, len(cells)),
        moments=Moments.of(found.numbers),
        strata=Strata() if split is None else split.strata(field, found.usable, cells, bins.size),
    )


def _novel(bins: NumberBins | CategoryBins, counts: Ints, present: int) -> int:
    """How many rows of an equal sample would be new to this one.

    Of numbers two: one more row exceeds the largest of n with probability 1/(n + 1), and likewise
    the smallest. Of categories those seen once (Good 1953), and all beyond the limit.
    """
    if isinstance(bins, NumberBins):
        return min(2, present)
    return int((counts[:-1] == 1).sum() + counts[-1])


def _entry(reference: Reference) -> dict[str, Any]:
    field, moments = reference.frame.field, reference.moments
    entry = {
        "name": field.name,
        "type": field.type,
        "rows": reference.rows,
        "missing": reference.missing,
        "novel": reference.novel,
        "counts": [int(count) for count in reference.counts],
        **reference.frame.bins.to_json(),
    }
    if reference.strata.counts:
        entry["strata"] = reference.strata.to_json()
    if field.is_numeric:
        entry |= {"mean": moments.mean, "squares": moments.squares}
        entry |= {"low": moments.low, "high": moments.high}
    return entry


def reference_from(entry: Mapping[str, Any], field: Field) -> Reference:
    """A field as `to_json` wrote it; any mistake in it is a KeyError, TypeError or ValueError."""
    counts = np.array(entry["counts"], dtype=np.int64)
    bins: NumberBins | CategoryBins
    if field.is_numeric:
        bins = NumberBins(edges=tuple(map(float, entry["edges"])))
        moments = Moments(
            count=int(counts.sum()),
            mean=float(entry["mean"]),
            squares=float(entry["squares"]),
            low=float(entry["low"]),
            high=float(entry["high"]),
        )
    else:
        bins, moments = CategoryBins(categories=tuple(map(str, entry["categories"]))), Moments()
    if counts.shape != (bins.size,) or counts.min() < 0 or not counts.sum():
        raise ValueError(f"counts of {field.name} do not fit its bins")
    return Reference(
        frame=Frame(field=field, bins=bins, baseline=counts),
        rows=int(entry["rows"]),
        missing=int(entry["missing"]),
        novel=int(entry["novel"]),
        moments=moments,
        strata=Strata.read(entry.get("strata", {}), bins.size),
    )
