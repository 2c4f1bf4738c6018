"""A week in plain words, readable in a mail of any width."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from mlops import metrics
from mlops_handlers.monitoring.week import DAYS, Week

_LONGEST_SUBJECT: Final = 100
"""SNS refuses a longer one, and anything but ASCII in it."""
_MINUTES: Final = DAYS * 24 * 60
_SHOWN_FIELDS: Final = 3
_UNMEASURED: Final = "not measured"
_COUNTED: Final = (
    (metrics.BATCH_RUNS, "runs"),
    (metrics.BATCH_FILES, "files taken"),
    (metrics.BATCH_ROWS, "rows scored"),
)


def subject(week: Week) -> str:
    """One line for a crowded inbox; whose model it is comes last, because it may be cut."""
    count = len(list(_concerns(week)))
    said = f"{count} to look at" if count else "nothing to look at"
    terms = week.terms
    line = f"{terms.stage}: {terms.model}, week to {_last_day(week)}: {said} ({terms.owner})"
    return line.encode("ascii", "replace").decode()[:_LONGEST_SUBJECT]


def message(week: Week) -> str:
    """What needs somebody first, then every figure beside what was promised."""
    terms = week.terms
    parts = [
        (
            f"{terms.model} in {terms.stage}, {week.start:%Y-%m-%d} to {_last_day(week)}, UTC\n"
            f"For {terms.owner}."
        ),
        _section("To look at", _concerns(week)) or "Nothing to look at.",
        _section("Traffic", _traffic(week)),
        _section("Latency of the model", _latency(week)),
        _section("Drift", _drift(week)),
        _section("Quality", _quality(week)),
        _section("Batches", _batches(week)),
        _section("Releases", _releases(week)),
        _section("Cost", _cost(week)),
        (
            f"Dashboard in CloudWatch: {terms.dashboard}. "
            "How to read this: docs/operate/dashboards.md\n"
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def _section(title: str, lines: Iterator[str]) -> str:
    said = "\n".join(f"- {line}" for line in lines)
    return f"{title}\n{said}" if said else ""


def _concerns(week: Week) -> Iterator[str]:
    terms = week.terms
    if not week.requests:
        yield "there was no request"
    if week.error_share("5XX") > terms.error_ratio:
        yield f"{week.error_share('5XX'):.2%} of the requests ended in 5xx"
    if week.slow_days:
        yield f"the p99 missed its objective on {_days(len(week.slow_days))}"
    for check, count in week.alarming.items():
        yield f"the check {check} alarmed on {_days(count)}"
    for metric in week.quality:
        for limit in week.missed(metric):
            yield f"{metric} is {week.quality[metric]:.4g}, not {limit}"
    if empty := week.figures.batches(metrics.BATCH_EMPTY_FILES):
        yield f"{empty:,.0f} of the files for batches had no row"
    if terms.watched and week.runs < DAYS:
        yield f"the drift job ran {week.runs} times in {DAYS} days"


def _traffic(week: Week) -> Iterator[str]:
    per_minute = week.requests / _MINUTES
    expected = week.terms.requests_per_minute
    yield (
        f"requests: {week.requests:,.0f}, {per_minute:.3g} per minute; the contract expects "
        f"{expected:g}"
    )
    days = week.figures.daily("Invocations")
    if days:
        busiest = max(days, key=lambda day: days[day])
        yield f"busiest day: {busiest:%Y-%m-%d} with {days[busiest]:,.0f}"
    yield f"5xx: {week.error_share('5XX'):.2%}; alarm over {week.terms.error_ratio:.2%}"
    yield f"4xx: {week.error_share('4XX'):.2%}"


def _latency(week: Week) -> Iterator[str]:
    usual, days = week.usual_p50_ms, week.p99_ms
    yield f"p50 of a usual day: {_UNMEASURED if usual is None else f'{usual:.4g} ms'}"
    if days:
        worst = max(days, key=lambda day: days[day])
        yield (
            f"p99 of the worst day, {worst:%Y-%m-%d}: {days[worst]:.4g} ms; the objective is "
            f"{week.terms.latency_p99_ms:g} ms"
        )


def _drift(week: Week) -> Iterator[str]:
    if not week.terms.watched:
        yield "the contract asks for no drift job"
        return
    yield f"windows looked at: {week.runs}"
    alarming = ", ".join(f"{check} on {_days(n)}" for check, n in week.alarming.items())
    yield f"checks that alarmed: {alarming or 'none'}"
    for field, index in week.indices[:_SHOWN_FIELDS]:
        yield f"population stability index of {field}: {index:.3g} at most"


def _quality(week: Week) -> Iterator[str]:
    if not week.quality:
        yield f"{_UNMEASURED}: no window had enough labels, or the contract has none"
        return
    share = week.labelled_share
    if share is not None:
        yield f"answers with a label in the last window: {share:.1%}"
    for metric, value in week.quality.items():
        limits = "; ".join(week.limits(metric))
        yield (
            f"{metric}: {value:.4g}; the limit is {limits}" if limits else f"{metric}: {value:.4g}"
        )


def _batches(week: Week) -> Iterator[str]:
    if week.terms.batch_pipeline is None:
        return
    for metric, title in _COUNTED:
        found = week.figures.batches(metric)
        yield f"{title}: {_UNMEASURED if found is None else f'{found:,.0f}'}"


def _releases(week: Week) -> Iterator[str]:
    for release in week.releases:
        named = "of something unregistered" if release.version is None else f"{release.version}"
        yield f"{release.at:%Y-%m-%d %H:%M}: deployment of version {named}"
    if not week.releases:
        yield "none"


def _cost(week: Week) -> Iterator[str]:
    terms = week.terms
    yield (
        f"instance-hours: {week.instance_hours:,.0f} of {terms.instance_type}; no price is looked "
        "up, and an hour without a request counts the smallest fleet"
    )


def _last_day(week: Week) -> str:
    last: datetime = week.end - timedelta(days=1)
    return f"{last:%Y-%m-%d}"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
