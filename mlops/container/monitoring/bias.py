"""Whether groups of people or things are treated alike: rates beside everyone else's.

Demographic parity compares how often the positive class is predicted (Calders and Verwer 2010),
equal opportunity how often it is predicted for those who have it (Hardt, Price and Srebro 2016).
Neither says who is right: a gap is a question to the owners of the model. They answered it for the
version that they released, so a window is judged by how much wider a gap has become since.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Final, Literal

import numpy as np

from .arrays import Floats, Ints, Mask
from .bins import text_of
from .capture import Record
from .classification import rate
from .clusters import ClusteredCounts
from .errors import MonitoringError
from .intervals import Interval, newcombe, share_interval
from .outcome import Outcome
from .schema import Field, Schema
from .truth import Scored, group_of
from .verdicts import Verdict

MINIMUM_ROWS: Final = 30
"""Rows of a group below which its rate is not compared."""
Measure = Literal["demographic_parity", "equal_opportunity"]
MEASURES: Final[tuple[Measure, ...]] = ("demographic_parity", "equal_opportunity")


@dataclass(frozen=True, kw_only=True)
class Sides:
    """How often something is so within a group, and among everyone else."""

    inside: ClusteredCounts
    outside: ClusteredCounts

    def merged(self, other: "Sides") -> "Sides":
        """Both together."""
        return Sides(
            inside=self.inside.merged(other.inside), outside=self.outside.merged(other.outside)
        )


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far a group's rate is from everyone else's."""

    field: str
    group: str
    measure: Measure
    rows: int
    rate: Interval
    others: Interval
    gap: Interval
    released: Interval | None
    """The same gap among the held-out rows of the version; None where the baseline knows none."""
    widened: Interval
    """How much larger it is than that, whichever side has the higher rate; else its whole size."""
    verdict: Verdict


Rates = Mapping[tuple[str, str], Sides]
MeasuredRates = Mapping[Measure, Rates]
NO_GAP: Final = Interval(value=0.0, low=0.0, high=0.0)


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The groups that the settings name, with the values that make them."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Schema, names: Sequence[str]) -> "Groups":
        """The groups of some fields of the request.

        Raises:
            MonitoringError: a name is no such field, or its values are not known beforehand.
        """
        return cls(values={name: _values(schema, name) for name in names})

    def rates(self, rows: Mapping[str, Sequence[str | None]], hit: Mask, requests: Ints) -> Rates:
        """How often rows hit, by group; rows without a value belong to nobody."""
        found: dict[tuple[str, str], Sides] = {}
        for name, values in self.values.items():
            column = np.array([value or "" for value in rows[name]], dtype=object)
            known = np.array([value is not None for value in rows[name]], dtype=np.bool_)
            for value in values:
                inside, outside = known & (column == value), known & (column != value)
                found[name, value] = Sides(
                    inside=rate(hit[inside], requests[inside]),
                    outside=rate(hit[outside], requests[outside]),
                )
        return found

    def predicted(self, batch: Sequence[Record], outcome: Outcome) -> Rates:
        """How often the positive class was predicted in a batch."""
        answered = [record for record in batch if record.outputs is not None]
        rows = [
            (place, row, answer)
            for place, record in enumerate(answered)
            for row, answer in zip(record.inputs, record.outputs or (), strict=True)
        ]
        said = np.array([outcome.number(a.get(outcome.prediction)) for *_, a in rows])
        usable = ~np.isnan(said)
        kept = [rows[place] for place in np.flatnonzero(usable)]
        columns = {name: [group_of(row.get(name)) for _, row, _ in kept] for name in self.values}
        requests = np.array([place for place, *_ in kept], dtype=np.int64)
        return self.rates(columns, said[usable] == 1, requests)


def merged_rates(left: Rates, right: Rates) -> Rates:
    """The rates of both."""
    return {
        key: left[key].merged(right[key]) if key in left and key in right
        else left.get(key) or right[key]
        for key in sorted(left.keys() | right.keys())
    }  # fmt: skip


def opportunities(groups: Groups, scored: Scored) -> Rates:
    """How often the positive class was predicted for rows that have it."""
    return _of_positives(groups, scored.groups, scored.prediction, scored.truth, scored.requests)


def held_out_rates(
    groups: Groups, rows: Mapping[str, Sequence[str | None]], prediction: Floats, truth: Floats
) -> MeasuredRates:
    """Both measures over rows that came alone; what is not a number has no answer or no label."""
    answered, alone = ~np.isnan(prediction), np.arange(len(prediction), dtype=np.int64)
    columns = {name: list(compress(rows[name], answered)) for name in groups.values}
    return {
        "demographic_parity": groups.rates(columns, prediction[answered] == 1, alone[answered]),
        "equal_opportunity": _of_positives(groups, rows, prediction, truth, alone),
    }


def _of_positives(
    groups: Groups,
    rows: Mapping[str, Sequence[str | None]],
    prediction: Floats,
    truth: Floats,
    requests: Ints,
) -> Rates:
    have = (truth == 1) & ~np.isnan(prediction)
    columns = {name: list(compress(rows[name], have)) for name in groups.values}
    return groups.rates(columns, prediction[have] == 1, requests[have])


def gaps(
    measure: Measure, rates: Rates, tolerance: float, *, released: Rates | None = None
) -> Iterator[Gap]:
    """Each group that has enough rows, judged beside the released version's gap."""
    known = {} if released is None else {key: _gap(sides) for key, sides in released.items()}
    for (name, value), sides in rates.items():
        gap, before = _gap(sides), known.get((name, value))
        if gap is None:
            continue
        widened = newcombe(_size(gap), _size(before or NO_GAP))
        yield Gap(
            field=name,
            group=value,
            measure=measure,
            rows=sides.inside.rows,
            rate=share_interval(sides.inside),
            others=share_interval(sides.outside),
            gap=gap,
            released=before,
            widened=widened,
            verdict=_verdict(widened, tolerance),
        )


def _gap(sides: Sides) -> Interval | None:
    """None where either side has too few rows."""
    if min(sides.inside.rows, sides.outside.rows) < MINIMUM_ROWS:
        return None
    return newcombe(share_interval(sides.inside), share_interval(sides.outside))


def _size(gap: Interval) -> Interval:
    """A gap without its sign."""
    low, high = sorted((abs(gap.low), abs(gap.high)))
    crosses = gap.low < 0 < gap.high
    return Interval(value=abs(gap.value), low=0.0 if crosses else low, high=high)


def _verdict(widened: Interval, tolerance: float) -> Verdict:
    if widened.low > tolerance:
        return Verdict.ALARM
    return Verdict.QUIET if widened.high < tolerance else Verdict.INCONCLUSIVE


def _values(schema: Schema, name: str) -> tuple[str, ...]:
    found = next((field for field in schema.input if field.name == name), None)
    values = None if found is None else _known_values(found)
    if values is None:
        raise MonitoringError(
            f"groups names {name}; allowed: a field of the request that is boolean or lists its "
            "allowed values; remedy: add `allowed` to the field, or name another"
        )
    return values


def _known_values(found: Field) -> tuple[str, ...] | None:
    if found.type == "boolean":
        return ("false", "true")
    if found.allowed is None:
        return None
    return tuple(text_of(value) for value in found.allowed)


def rates_to_json(measured: MeasuredRates) -> list[dict[str, Any]]:
    """Rates of rows that came alone, as a baseline keeps them."""
    return [
        {
            "measure": measure,
            "field": name,
            "group": value,
            "inside": [int(count) for count in sides.inside.counts],
            "outside": [int(count) for count in sides.outside.counts],
        }
        for measure, rates in measured.items()
        for (name, value), sides in rates.items()
    ]


def rates_from_json(entries: Sequence[Mapping[str, Any]]) -> MeasuredRates:
    """What `rates_to_json` wrote; any mistake in it is a KeyError, TypeError or ValueError."""
    found: dict[Measure, dict[tuple[str, str], Sides]] = {measure: {} for measure in MEASURES}
    for entry in entries:
        found[entry["measure"]][str(entry["field"]), str(entry["group"])] = Sides(
            inside=_alone(entry["inside"]), outside=_alone(entry["outside"])
        )
    return found


def _alone(counts: Sequence[int]) -> ClusteredCounts:
    hits, misses = (int(count) for count in counts)
    if min(hits, misses) < 0:
        raise ValueError(f"{counts} are not counts")
    return ClusteredCounts.alone(np.array([hits, misses], dtype=np.int64))
