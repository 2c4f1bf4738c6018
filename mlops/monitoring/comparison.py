"""One field of a window beside the same field of the baseline: effects and p-values, no verdict."""

from dataclasses import dataclass

from .arrays import Floats
from .baseline import Reference
from .clusters import ClusteredCounts
from .distances import (
    Pair,
    chance_psi,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
    unresolved,
)
from .field_summary import FieldSummary
from .significance import (
    chi_squared_p,
    either,
    kolmogorov_smirnov_p,
    more_than_before_p,
)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How the distribution of a field's values changed."""

    rows: int
    effective_rows: float
    """Independent rows that would say as much as those that came in requests."""
    psi: float
    """Less what chance alone adds on average, and never below 0."""
    raw_psi: float
    """As formula and literature have it."""
    jensen_shannon: float
    kolmogorov_smirnov: float | None
    """Of binned values; None for categories."""
    unresolved: float | None
    """How much larger the distance of the values themselves may be."""
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Rise:
    """How much more often something happens than in the baseline."""

    before: float
    now: float
    p_value: float

    @property
    def points(self) -> float:
        """The rise as a difference of shares."""
        return self.now - self.before


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that is compared of a field."""

    shape: Shape | None
    """None where the window holds no value."""
    missing: Rise
    unseen: Rise


def compare(reference: Reference, summary: FieldSummary) -> Comparison:
    """A field of the window beside its baseline."""
    missing = _rise(reference.missing, reference.rows, summary.presence)
    unseen = _rise(reference.novel, reference.present, summary.novelty)
    shape = _shape(reference, summary) if summary.groups.rows else None
    return Comparison(shape=shape, missing=missing, unseen=unseen)


def _shape(reference: Reference, summary: FieldSummary) -> Shape:
    groups = summary.groups
    effect = groups.design_effect
    expected = reference.frame.grouped(reference.counts)
    pair = Pair.of(expected, groups.counts / effect).pooled()
    raw = psi(pair)
    chi_squared = chi_squared_p(pair, groups.requests)
    fine = _fine(reference, summary.counts / effect)
    return Shape(
        rows=groups.rows,
        effective_rows=groups.effective_rows,
        psi=max(0.0, raw - chance_psi(pair)),
        raw_psi=raw,
        jensen_shannon=jensen_shannon(pair),
        kolmogorov_smirnov=None if fine is None else kolmogorov_smirnov(fine),
        unresolved=None if fine is None else unresolved(fine),
        p_value=chi_squared if fine is None else either(chi_squared, kolmogorov_smirnov_p(fine)),
    )


def _fine(reference: Reference, counts: Floats) -> Pair | None:
    """All bins of a number in their order; categories have none."""
    if not reference.frame.field.is_numeric:
        return None
    return Pair.of(reference.counts, counts)


def _rise(had: int, rows: int, now: ClusteredCounts) -> Rise:
    """The first of two cells, now and before."""
    effect = now.design_effect
    has = int(now.counts[0])
    return Rise(
        before=had / rows if rows else 0.0,
        now=has / now.rows if now.rows else 0.0,
        p_value=more_than_before_p((had, rows), (has / effect, now.rows / effect)),
    )
