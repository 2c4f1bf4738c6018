"""One field of a window beside the same field of the baseline: effects and p-values, no verdict."""

from dataclasses import dataclass

from .arrays import Ints
from .baseline import Reference
from .clusters import ClusteredCounts
from .distances import (
    Counts,
    Pair,
    chance_psi,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
    unresolved,
)
from .field_summary import FieldSummary
from .intervals import newcombe, share_interval, wilson
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
    baseline_rows: float
    """Rows of the baseline that are compared, as many as unweighted ones."""
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
    least: float
    """Lower end of the 95 % interval of the difference of shares."""
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that is compared of a field."""

    shape: Shape | None
    """None where the window holds no value."""
    missing: Rise
    unseen: Rise


def compare(reference: Reference, summary: FieldSummary, mix: Ints | None = None) -> Comparison:
    """A field of the window beside its baseline; weighted to the mix of strata, if one is given."""
    missing = _rise(reference.missing, reference.rows, summary.presence)
    unseen = _rise(reference.novel, reference.present, summary.novelty)
    expected = reference.counts if mix is None else reference.strata.weighted(mix)
    shape = None
    if expected is not None and summary.groups.rows:
        shape = _shape(reference, summary, expected)
    return Comparison(shape=shape, missing=missing, unseen=unseen)


def _shape(reference: Reference, summary: FieldSummary, expected: Counts) -> Shape:
    groups = summary.groups
    effect = groups.design_effect
    pair = Pair.of(reference.frame.grouped(expected), groups.counts / effect).pooled()
    raw = psi(pair)
    chi_squared = chi_squared_p(pair, groups.requests)
    fine = Pair.of(expected, summary.counts / effect) if reference.is_numeric else None
    return Shape(
        rows=groups.rows,
        baseline_rows=float(expected.sum()),
        effective_rows=groups.effective_rows,
        psi=max(0.0, raw - chance_psi(pair)),
        raw_psi=raw,
        jensen_shannon=jensen_shannon(pair),
        kolmogorov_smirnov=None if fine is None else kolmogorov_smirnov(fine),
        unresolved=None if fine is None else unresolved(fine),
        p_value=chi_squared if fine is None else either(chi_squared, kolmogorov_smirnov_p(fine)),
    )


def _rise(had: int, rows: int, now: ClusteredCounts) -> Rise:
    """The first of two cells, now and before."""
    if not rows or not now.rows:
        return Rise(before=0.0, now=0.0, least=0.0, p_value=1.0)
    effect = now.design_effect
    has = int(now.counts[0])
    return Rise(
        before=had / rows,
        now=has / now.rows,
        least=newcombe(share_interval(now), wilson(had, rows)).low,
        p_value=more_than_before_p((had, rows), (has / effect, now.rows / effect)),
    )
