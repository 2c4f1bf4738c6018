"""Which fields of a window drift: surprising by chance, and large enough to matter.

A large window makes every difference significant, and a small one has large differences by chance
(Lin, Lucas and Shmueli 2013; du Pisanie, Allison and Visagie 2023). So a field alarms only if the
false discovery rate over all tests of the window and the size of the effect both say so, and it is
quiet only if it had enough rows to speak up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .baseline import Baseline, Reference
from .comparison import Comparison, Rise, Shape, compare
from .field_summary import FieldSummary
from .settings import Settings
from .significance import q_values
from .verdicts import Verdict, worst

Aspect = Literal["shape", "missing", "unseen"]
_UNSEEN_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One aspect of a field, judged."""

    aspect: Aspect
    verdict: Verdict
    q_value: float
    reason: str
    """For people; empty where it is quiet."""


@dataclass(frozen=True, kw_only=True)
class FieldDrift:
    """One field, judged."""

    name: str
    role: Literal["input", "output"]
    comparison: Comparison
    findings: tuple[Finding, ...]
    severity: Literal["none", "moderate", "major"]
    """How far the shape moved, in the words of the rule of thumb; `none` unless it alarms."""
    unseen_values: tuple[tuple[str, int], ...]
    """The most frequent values that the baseline never saw."""

    @property
    def verdict(self) -> Verdict:
        """The worst of its aspects."""
        return worst(finding.verdict for finding in self.findings)

    @property
    def reasons(self) -> list[str]:
        """What stands against it."""
        return [finding.reason for finding in self.findings if finding.reason]


def judge_drift(
    baseline: Baseline, fields: Mapping[str, FieldSummary], settings: Settings
) -> list[FieldDrift]:
    """Every field of the baseline, judged together: one false discovery rate holds for all."""
    compared = {
        field.name: compare(baseline.references[field.name], fields[field.name])
        for field in baseline.fields
    }
    tests = [
        (name, aspect, p_value)
        for name, comparison in compared.items()
        for aspect, p_value in _tests(name, comparison, settings)
    ]
    q_by_test = {
        (name, aspect): q
        for (name, aspect, _), q in zip(
            tests, q_values([p_value for *_, p_value in tests]), strict=True
        )
    }
    answers = {field.name for field in baseline.schema.output}
    return [
        _judged(
            _Case(
                name=name,
                comparison=comparison,
                reference=baseline.references[name],
                summary=fields[name],
                settings=settings,
            ),
            q_by_test,
            is_answer=name in answers,
        )
        for name, comparison in compared.items()
    ]


def _tests(name: str, compared: Comparison, settings: Settings) -> Iterator[tuple[Aspect, float]]:
    if name not in settings.ignored:
        yield "shape", 1.0 if compared.shape is None else compared.shape.p_value
        yield "unseen", compared.unseen.p_value
    yield "missing", compared.missing.p_value


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A field with all that its verdict depends on."""

    name: str
    comparison: Comparison
    reference: Reference
    summary: FieldSummary
    settings: Settings

    def finding(self, aspect: Aspect, q_value: float) -> Finding:
        """An aspect judged: alarm, else too little to say, else quiet."""
        is_significant = q_value <= self.settings.false_discovery_rate
        large = self._large(aspect)
        if is_significant and large:
            return Finding(aspect=aspect, verdict=Verdict.ALARM, q_value=q_value, reason=large)
        lacking = self._lacking(aspect)
        verdict = Verdict.INCONCLUSIVE if lacking else Verdict.QUIET
        return Finding(aspect=aspect, verdict=verdict, q_value=q_value, reason=lacking)

    def _large(self, aspect: Aspect) -> str:
        """Why the effect matters; empty if it does not."""
        if aspect == "shape":
            return _large_shape(self.comparison.shape, self.settings.psi)
        if aspect == "missing":
            return _large_rise(self.comparison.missing, self.settings.missing_tolerance, "null")
        return _large_rise(
            self.comparison.unseen,
            self.settings.unseen_tolerance,
            "outside the baseline's range" if self.reference.frame.field.is_numeric else "unseen",
        )

    def _lacking(self, aspect: Aspect) -> str:
        """What silence lacks to be evidence; empty if it lacks nothing."""
        least = self.settings.minimum_rows
        rows = self._rows(aspect)
        if rows < least:
            return f"{rows:.0f} rows count, {least} are needed"
        if self.reference.present < least:
            return f"the baseline has {self.reference.present} values, {least} are needed"
        return ""

    def _rows(self, aspect: Aspect) -> float:
        """Independent rows; those of one request are as alike as this field's values are."""
        groups = self.summary.groups
        rows = self.summary.presence.rows if aspect == "missing" else groups.rows
        return rows / groups.design_effect


def _judged(
    case: _Case, q_by_test: Mapping[tuple[str, Aspect], float], *, is_answer: bool
) -> FieldDrift:
    aspects: tuple[Aspect, ...] = ("shape", "missing", "unseen")
    findings = tuple(
        case.finding(aspect, q_by_test[case.name, aspect])
        for aspect in aspects
        if (case.name, aspect) in q_by_test
    )
    return FieldDrift(
        name=case.name,
        role="output" if is_answer else "input",
        comparison=case.comparison,
        findings=findings,
        severity=_severity(findings, case.comparison.shape, case.settings.major_psi),
        unseen_values=tuple(case.summary.unseen.most_frequent(_UNSEEN_SHOWN)),
    )


def _severity(
    findings: tuple[Finding, ...], shape: Shape | None, major: float
) -> Literal["none", "moderate", "major"]:
    moved = any(f.aspect == "shape" and f.verdict is Verdict.ALARM for f in findings)
    if not moved or shape is None:
        return "none"
    return "major" if shape.psi >= major else "moderate"


def _large_shape(shape: Shape | None, threshold: float) -> str:
    if shape is None or shape.psi < threshold:
        return ""
    return f"PSI {shape.psi:.3f}, tolerated below {threshold:g}"


def _large_rise(rise: Rise, tolerance: float, what: str) -> str:
    if rise.points < tolerance:
        return ""
    return (
        f"{rise.now:.1%} {what}, {rise.before:.1%} in the baseline; a rise below "
        f"{tolerance:.0%} is tolerated"
    )
