"""A result as data: the report, Model Monitor's violations, and the metric values to publish."""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .analysis import Check, Metric, Performance, Result
from .bias import Gap
from .drift import FieldDrift, Finding
from .reading import captured_lines, lost_lines
from .verdicts import Verdict
from .window_summary import WindowSummary

SCHEMA: Final = 1
_VIOLATIONS: Final = {
    "missing column": "missing_column_check",
    "extra column": "extra_column_check",
    "null": "completeness_check",
    "type": "data_type_check",
    # Model Monitor has no type for a range; a contract's type includes it.
    "range": "data_type_check",
    "allowed": "categorical_values_check",
}


@dataclass(frozen=True, kw_only=True)
class MetricValue:
    """One value for CloudWatch; the caller adds the dimensions that name the endpoint."""

    name: str
    value: float
    unit: Literal["Count", "None"]
    dimensions: Mapping[str, str] = dataclasses.field(default_factory=dict)


def report(result: Result, about: Mapping[str, str]) -> dict[str, Any]:
    """The report as JSON data; `about` says which model, stage and window it is of."""
    return {
        "schema": SCHEMA,
        "about": dict(about),
        "verdict": result.verdict.value,
        "checks": [_check(check) for check in result.checks],
        "traffic": _traffic(result.summary, result.expected_requests),
        "fields": [_field(field) for field in result.drift],
        "contract": [
            dataclasses.asdict(breach) | {"text": breach.text} for breach in result.breaches
        ],
        "performance": _performance(result.performance),
        "gaps": [_gap(gap) for gap in result.gaps],
        "metrics": [dataclasses.asdict(value) for value in metric_values(result)],
    }


def to_text(content: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON with the same bytes for the same content; what is not a number is null."""
    return json.dumps(_finite(content), indent=1, sort_keys=True, allow_nan=False) + "\n"


def violations(result: Result) -> dict[str, Any]:
    """`constraint_violations.json` in Model Monitor's schema."""
    found = [
        _violation(breach.field, _VIOLATIONS[breach.kind], breach.text)
        for breach in result.breaches
    ]
    for field in result.drift:
        found += [
            _violation(field.name, _drift_check(field, finding), finding.reason)
            for finding in field.findings
            if finding.verdict is Verdict.ALARM
        ]
    return {"violations": found}


def metric_values(result: Result) -> list[MetricValue]:
    """What is worth a curve and an alarm."""
    summary, drift = result.summary, result.drift
    counts = {
        "Alarms": sum(check.verdict is Verdict.ALARM for check in result.checks),
        "Inconclusive": int(result.verdict is Verdict.INCONCLUSIVE),
        "Requests": summary.requests,
        "Rows": summary.rows,
        "LostLines": lost_lines(summary.reasons),
        "DriftingInputs": _drifting(drift, "input"),
        "DriftingPredictions": _drifting(drift, "output"),
        "DriftingLabels": _drifting(drift, "label"),
        "ContractBreaches": len(result.breaches),
    }
    values = [
        MetricValue(name=name, value=float(count), unit="Count") for name, count in counts.items()
    ]
    return [*values, *_field_values(drift), *_performance_values(result.performance),
            *_gap_values(result.gaps)]  # fmt: skip


def _drifting(drift: tuple[FieldDrift, ...], role: str) -> int:
    return sum(field.role == role and field.verdict is Verdict.ALARM for field in drift)


def _field_values(drift: tuple[FieldDrift, ...]) -> Iterator[MetricValue]:
    for field in drift:
        if field.comparison.shape is not None:
            yield MetricValue(
                name="PopulationStabilityIndex",
                value=field.comparison.shape.psi,
                unit="None",
                dimensions={"Field": field.name},
            )


def _performance_values(performance: Performance | None) -> Iterator[MetricValue]:
    if performance is None:
        return
    yield MetricValue(name="LabelledShare", value=performance.coverage.share, unit="None")
    for metric in performance.metrics:
        yield MetricValue(
            name="Performance",
            value=metric.interval.value,
            unit="None",
            dimensions={"Metric": metric.name},
        )


def _gap_values(gaps: tuple[Gap, ...]) -> Iterator[MetricValue]:
    for measure in sorted({gap.measure for gap in gaps}):
        of_it = [gap for gap in gaps if gap.measure == measure]
        widest = max(abs(gap.gap.value) for gap in of_it)
        widened = max(gap.widened.value for gap in of_it)
        yield MetricValue(
            name="WidestGap", value=widest, unit="None", dimensions={"Measure": measure}
        )
        yield MetricValue(
            name="WidenedGap", value=widened, unit="None", dimensions={"Measure": measure}
        )


def _violation(field: str, check: str, text: str) -> dict[str, str]:
    return {"feature_name": field, "constraint_check_type": check, "description": text}


def _drift_check(field: FieldDrift, finding: Finding) -> str:
    if finding.aspect == "missing":
        return "completeness_check"
    is_word = field.comparison.shape is None or field.comparison.shape.kolmogorov_smirnov is None
    return "categorical_values_check" if finding.aspect == "unseen" and is_word else (
        "baseline_drift_check"
    )  # fmt: skip


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "verdict": check.verdict.value,
        "reasons": list(check.reasons),
    }


def _traffic(summary: WindowSummary, expected: float | None) -> dict[str, Any]:
    return {
        "requests": summary.requests,
        "expected_requests": expected,
        "rows": summary.rows,
        "answered_rows": summary.answered_rows,
        "captured_lines": captured_lines(summary),
        "lost_lines": lost_lines(summary.reasons),
        "lost_answers": summary.lost_answers,
        "reasons": dict(summary.reasons),
        "counted_twice": summary.counted_twice,
        "first": summary.first.isoformat() if summary.first else None,
        "last": summary.last.isoformat() if summary.last else None,
    }


def _field(field: FieldDrift) -> dict[str, Any]:
    compared = field.comparison
    return {
        "name": field.name,
        "role": field.role,
        "verdict": field.verdict.value,
        "severity": field.severity,
        "reasons": field.reasons,
        "shape": None if compared.shape is None else dataclasses.asdict(compared.shape),
        "missing": dataclasses.asdict(compared.missing),
        "unseen": dataclasses.asdict(compared.unseen),
        "unseen_values": [{"value": v, "rows": n} for v, n in field.unseen_values],
        "findings": [
            {
                "aspect": finding.aspect,
                "verdict": finding.verdict.value,
                "q_value": finding.q_value,
            }
            for finding in field.findings
        ],
    }


def _performance(performance: Performance | None) -> dict[str, Any] | None:
    if performance is None:
        return None
    coverage = dataclasses.asdict(performance.coverage) | {"share": performance.coverage.share}
    return {
        "coverage": coverage,
        "metrics": [_metric(metric) for metric in performance.metrics],
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        **dataclasses.asdict(metric.interval),
        "limits": [dataclasses.asdict(limit) for limit in metric.limits],
        "verdict": metric.verdict.value,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return dataclasses.asdict(gap) | {"verdict": gap.verdict.value}


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
