"""Which fields of a window drift: surprising by chance, and large enough to matter.

A large window makes every difference significant, and a small one has large differences by chance
(Lin, Lucas and Shmueli 2013; du Pisanie, Allison and Visagie 2023). So a field alarms only if the
false discovery rate over all tests of the window and the size of the effect both say so, and it is
quiet only if it had enough rows to speak up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .arrays import Ints
from .baseline import Baseline, Reference
from .comparison import Comparison, Rise, Shape, compare
from .errors import MonitoringError
from .field_summary import FieldSummary
from .schema import LABEL
from .settings import Settings
from .significance import q_values
from .verdicts import Verdict, worst

Aspect = Literal["shape", "missing", "unseen"]
Role = Literal["input", "output", "label"]
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
    role: Role
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
    baseline: Baseline,
    fields: Mapping[str, FieldSummary],
    settings: Settings,
    *,
    labelled_mix: Ints | None = None,
) -> list[FieldDrift]:
    """Every field of the baseline, judged together: one false discovery rate holds for all.

    Args:
        baseline: What the window is compared with.
        fields: The window's fields; the label is judged if it is among them.
        settings: The thresholds.
        labelled_mix: Labelled rows by stratum; those of the whole window unless given.

    Raises:
        MonitoringError: the settings name strata that the baseline was not made with.
    """
    mixes = _mixes(baseline, fields, settings, labelled_mix)
    compared = {
        name: compare(baseline.references[name], fields[name], mix) for name, mix in mixes.items()
    }
    q_by_test = _q_by_test(compared, settings)
    roles: dict[str, Role] = {field.name: "output" for field in baseline.schema.output}
    roles[LABEL] = "label"
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
            roles.get(name, "input"),
        )
        for name, comparison in compared.items()
    ]


def _mixes(
    baseline: Baseline,
    fields: Mapping[str, FieldSummary],
    settings: Settings,
    labelled_mix: Ints | None,
) -> dict[str, Ints | None]:
    """The mix of strata that each field's baseline is weighted to."""
    mix = _mix(baseline, fields, settings)
    of_labels = mix if mix is None or labelled_mix is None else labelled_mix
    return {
        field.name: of_labels if field.name == LABEL else mix
        for field in baseline.fields
        if field.name in fields
    }


def _q_by_test(
    compared: Mapping[str, Comparison], settings: Settings
) -> dict[tuple[str, Aspect], float]:
    tests = [
        (name, aspect, p_value)
        for name, comparison in compared.items()
        for aspect, p_value in _tests(name, comparison, settings)
    ]
    found = q_values([p_value for *_, p_value in tests])
    return {(name, aspect): q for (name, aspect, _), q in zip(tests, found, strict=True)}


def _mix(baseline: Baseline, fields: Mapping[str, FieldSummary], settings: Settings) -> Ints | None:
    """The window's rows by stratum."""
    within = settings.compare_within
    if not within:
        return None
    if within not in fields or not baseline.references[within].strata.counts:
        raise MonitoringError(
            f"compare_within is {within!r} and the baseline has no such strata; allowed: what it "
            "was made with, or an empty text; remedy: make the baseline again with this setting"
        )
    return fields[within].counts


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
        thin = self._thin() if is_significant and large else ""
        if thin:
            return Finding(
                aspect=aspect, verdict=Verdict.INCONCLUSIVE, q_value=q_value,
                reason=f"{large}; {thin}",
            )  # fmt: skip
        if is_significant and large:
            return Finding(aspect=aspect, verdict=Verdict.ALARM, q_value=q_value, reason=large)
        lacking = self._doubt(aspect) if is_significant else ""
        lacking = lacking or self._lacking(aspect)
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

    def _doubt(self, aspect: Aspect) -> str:
        """That a rise may be above its tolerance; empty if it is not, or surely."""
        if aspect == "shape":
            return ""
        rise = getattr(self.comparison, aspect)
        tolerance = getattr(self.settings, f"{aspect}_tolerance")
        if rise.now - rise.before < tolerance:
            return ""
        return f"{aspect} in {rise.now:.1%} of the rows, which may be a rise of {tolerance:.0%}"

    def _lacking(self, aspect: Aspect) -> str:
        """What silence lacks to be evidence; empty if it lacks nothing."""
        least = self.settings.minimum_rows
        rows = self._rows(aspect)
        if rows < least:
            return f"{rows:.0f} rows count, {least} are needed"
        known = self._baseline_rows(aspect)
        if known < least:
            within = self.settings.compare_within
            mix = f" in this mix of {within}" if within and aspect == "shape" else ""
            return f"the baseline has {known:.0f} values{mix}, {least} are needed"
        return ""

    def _thin(self) -> str:
        """What a change lacks to be an alarm; empty if it lacks nothing."""
        least = min(self.settings.alarm_rows, self.settings.minimum_rows)
        rows = self._rows("missing")
        return f"{rows:.0f} rows count, {least} are needed for an alarm" if rows < least else ""

    def _baseline_rows(self, aspect: Aspect) -> float:
        """Values of the baseline that are compared; fewer than all within strata."""
        if aspect != "shape":
            return self.reference.present
        return 0 if self.comparison.shape is None else self.comparison.shape.baseline_rows

    def _rows(self, aspect: Aspect) -> float:
        """Independent rows; those of one request are as alike as this field's values are."""
        groups = self.summary.groups
        rows = self.summary.presence.rows if aspect == "missing" else groups.rows
        return rows / groups.design_effect


def _judged(case: _Case, q_by_test: Mapping[tuple[str, Aspect], float], role: Role) -> FieldDrift:
    aspects: tuple[Aspect, ...] = ("shape", "missing", "unseen")
    findings = tuple(
        case.finding(aspect, q_by_test[case.name, aspect])
        for aspect in aspects
        if (case.name, aspect) in q_by_test
    )
    return FieldDrift(
        name=case.name,
        role=role,
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
    """Beyond doubt: a share that is near the tolerance is above it in every second small window."""
    if rise.least < tolerance:
        return ""
    return (
        f"{rise.now:.1%} {what}, {rise.before:.1%} in the baseline; a rise of less than "
        f"{tolerance:.0%} is tolerated, and this one is more than {rise.least:.1%}"
    )
