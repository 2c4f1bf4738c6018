"""A window judged: every check, its verdict, and the one verdict over all."""

from dataclasses import dataclass

from .baseline import Baseline
from .bias import Gap, MeasuredRates, gaps, opportunities
from .classification import classification_metrics
from .drift import FieldDrift, judge_drift
from .intervals import Interval
from .observation import Observation, Truth
from .quality import Breach, breaches
from .reading import no_request, unread, unread_labels
from .regression import regression_metrics
from .settings import Limit, Settings
from .truth import Coverage, Scored
from .verdicts import Verdict, worst
from .window_summary import WindowSummary


@dataclass(frozen=True, kw_only=True)
class Check:
    """One side of a window, judged, with what stands against it."""

    name: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of the labelled rows, beside its limits."""

    name: str
    interval: Interval
    limits: tuple[Limit, ...]
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Performance:
    """How good the labelled answers were."""

    coverage: Coverage
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """All that is known of a window."""

    summary: WindowSummary
    expected_requests: float | None
    drift: tuple[FieldDrift, ...]
    breaches: tuple[Breach, ...]
    performance: Performance | None
    gaps: tuple[Gap, ...]
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all checks."""
        return worst(check.verdict for check in self.checks)


def analyse(
    observation: Observation,
    baseline: Baseline,
    settings: Settings,
    *,
    truth: Truth | None = None,
    expected_requests: float | None = None,
    captured_share: float = 1.0,
) -> Result:
    """Judge a window.

    Args:
        observation: The window, as `observe` gives it.
        baseline: What it is compared with; the one that it was observed with.
        settings: The thresholds.
        truth: What it was observed with, if it was.
        expected_requests: Captured requests that such a window usually has.
        captured_share: Share of the requests that are captured at all.
    """
    summary = observation.summary
    mix = observation.labelled_mix
    drift = tuple(judge_drift(baseline, summary.fields, settings, labelled_mix=mix))
    broken = tuple(breaches(summary, baseline.schema, settings))
    scored = observation.scored
    performance = None if scored is None or truth is None else _performance(scored, truth, settings)
    found_gaps = _gaps(observation, truth, settings, baseline)
    checks = [
        _reading_check(observation, truth, settings, captured_share),
        _traffic_check(summary, expected_requests, settings),
        _contract_check(broken),
        _drift_check("inputs", [field for field in drift if field.role == "input"]),
        _drift_check("predictions", [field for field in drift if field.role == "output"]),
        *_label_checks([field for field in drift if field.role == "label"]),
        *([] if performance is None else [_performance_check(performance, settings)]),
        *([_gap_check(found_gaps)] if settings.groups and truth is not None else []),
    ]
    return Result(
        summary=summary,
        expected_requests=expected_requests,
        drift=drift,
        breaches=broken,
        performance=performance,
        gaps=found_gaps,
        checks=tuple(checks),
    )


def _reading_check(
    observation: Observation, truth: Truth | None, settings: Settings, captured_share: float
) -> Check:
    reasons = [*unread(observation.summary, settings)]
    if truth is not None and observation.scored is not None:
        coverage = observation.scored.coverage
        reasons += unread_labels(truth.labels, coverage, settings, captured_share=captured_share)
    verdict = Verdict.INCONCLUSIVE if reasons else Verdict.QUIET
    return Check(name="reading", verdict=verdict, reasons=tuple(reasons))


def _traffic_check(summary: WindowSummary, expected: float | None, settings: Settings) -> Check:
    if not summary.requests:
        reason = no_request(summary)
        return Check(name="traffic", verdict=Verdict.INCONCLUSIVE, reasons=(reason,))
    if expected is None or 1 / settings.volume_factor <= summary.requests / expected <= (
        settings.volume_factor
    ):
        return Check(name="traffic", verdict=Verdict.QUIET)
    reason = f"{summary.requests} requests, {expected:.0f} expected"
    return Check(name="traffic", verdict=Verdict.ALARM, reasons=(reason,))


def _contract_check(broken: tuple[Breach, ...]) -> Check:
    return Check(
        name="contract",
        verdict=Verdict.ALARM if broken else Verdict.QUIET,
        reasons=tuple(f"{breach.field}: {breach.text}" for breach in broken),
    )


def _drift_check(name: str, fields: list[FieldDrift]) -> Check:
    reasons = [f"{field.name}: {reason}" for field in fields for reason in field.reasons]
    # Several aspects of a field can lack the same rows.
    told = tuple(dict.fromkeys(reasons))
    return Check(name=name, verdict=worst(field.verdict for field in fields), reasons=told)


def _label_checks(fields: list[FieldDrift]) -> list[Check]:
    """Whether the outcome itself moved; nothing where it is not known."""
    return [_drift_check("labels", fields)] if fields else []


def _performance(scored: Scored, truth: Truth, settings: Settings) -> Performance:
    measure = (
        regression_metrics if truth.outcome.problem == "regression" else classification_metrics
    )
    found = measure(scored) if len(scored.truth) else {}
    rows = scored.coverage.labelled_rows
    metrics = tuple(_metric(name, found[name], rows, settings) for name in found)
    return Performance(coverage=scored.coverage, metrics=metrics)


def _metric(name: str, interval: Interval, rows: int, settings: Settings) -> Metric:
    limits = tuple(limit for limit in settings.limits if limit.metric == name)
    verdicts = [_kept(interval, limit) for limit in limits]
    if rows < settings.minimum_labels:
        verdicts = [Verdict.INCONCLUSIVE for _ in limits]
    return Metric(name=name, interval=interval, limits=limits, verdict=worst(verdicts))


def _kept(interval: Interval, limit: Limit) -> Verdict:
    """Alarm only if the whole interval is beyond the limit."""
    sign = 1 if limit.comparison == "at_least" else -1
    value, best = sign * interval.value, max(sign * interval.low, sign * interval.high)
    if value >= sign * limit.threshold:
        return Verdict.QUIET
    return Verdict.ALARM if best < sign * limit.threshold else Verdict.INCONCLUSIVE


def _performance_check(performance: Performance, settings: Settings) -> Check:
    rows, least = performance.coverage.labelled_rows, settings.minimum_labels
    reasons = [
        f"{metric.name} is {metric.interval.value:.4g} ({metric.interval.low:.4g} to "
        f"{metric.interval.high:.4g}), limit {limit.comparison.replace('_', ' ')} "
        f"{limit.threshold:g}"
        for metric in performance.metrics
        if metric.verdict is not Verdict.QUIET
        for limit in metric.limits
    ]
    verdict = worst(metric.verdict for metric in performance.metrics)
    if rows < least:
        reasons.insert(0, f"{rows} labelled rows, {least} are needed")
        verdict = worst([verdict, Verdict.INCONCLUSIVE])
    return Check(name="performance", verdict=verdict, reasons=tuple(reasons))


def _gaps(
    observation: Observation, truth: Truth | None, settings: Settings, baseline: Baseline
) -> tuple[Gap, ...]:
    scored = observation.scored
    if truth is None or scored is None or truth.outcome.problem == "regression":
        return ()
    measured: MeasuredRates = {
        "demographic_parity": observation.predicted,
        "equal_opportunity": opportunities(truth.groups, scored),
    }
    return tuple(
        gap
        for measure, rates in measured.items()
        for gap in gaps(
            measure, rates, settings.gap_tolerance, released=baseline.rates.get(measure)
        )
    )


def _gap_check(found: tuple[Gap, ...]) -> Check:
    reasons = [_widening(gap) for gap in found if gap.verdict is not Verdict.QUIET]
    verdict = worst(gap.verdict for gap in found) if found else Verdict.INCONCLUSIVE
    return Check(name="bias", verdict=verdict, reasons=tuple(reasons))


def _widening(gap: Gap) -> str:
    wider, measure = gap.widened, gap.measure.replace("_", " ")
    before = "none" if gap.released is None else f"{gap.released.value:+.1%} at release"
    return (
        f"{gap.field} {gap.group}: {measure} differs by {gap.gap.value:+.1%}, wider by "
        f"{wider.value:+.1%} ({wider.low:+.1%} to {wider.high:+.1%}) than {before}"
    )
