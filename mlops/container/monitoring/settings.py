"""What counts as drift: every threshold with its source, and how one is changed.

The defaults are chosen from the figures that `benchmarks/drift.py` prints;
docs/concepts/drift.md has them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .errors import MonitoringError

_SHARES: Final = (
    "false_discovery_rate", "missing_tolerance", "unseen_tolerance", "fault_tolerance",
    "unreadable_tolerance", "unjoined_tolerance", "gap_tolerance",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A bound that a metric of the labelled rows must keep, as a gate of the contract has it."""

    metric: str
    comparison: str
    """`at_least` or `at_most`."""
    threshold: float


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The thresholds of one model."""

    false_discovery_rate: float = 0.001
    """Share of the alarming fields that may alarm by chance (Benjamini and Hochberg 1995). Where
    nothing drifts it is the chance of any alarm: one window in a thousand."""
    psi: float = 0.1
    """Population stability index from which a change matters; below it is "little change" by the
    rule of thumb of credit scoring (Lewis 1994; Siddiqi 2006)."""
    major_psi: float = 0.25
    """From here on the same rule asks for action."""
    minimum_rows: int = 500
    """Rows, as many as independent ones, below which silence is not evidence."""
    missing_tolerance: float = 0.02
    """Points by which the share of nulls may rise; the 95 % interval must be above it."""
    unseen_tolerance: float = 0.02
    """Likewise of values that the baseline never saw. A census codes the oldest as one age, which
    once rose by a year: 0.9 % unseen, and nothing else had moved."""
    fault_tolerance: float = 0.01
    """Share of the rows that may break the contract in a field."""
    alarm_rows: int = 100
    """Rows, as many as independent ones, below which a change is no alarm, unless `minimum_rows` is
    less: no rate of false alarms is measured for fewer, and an alarm starts a training."""
    unreadable_tolerance: float = 0.05
    """Share of the captured lines, of the answers, or of the labels that may be unreadable before
    the rest is not a fair sample."""
    unjoined_tolerance: float = 0.5
    """Share of the labels that may join no request, of those whose request was captured: some come
    a day early or late, and half of them by no such accident."""
    gap_tolerance: float = 0.1
    """Points by which the gap between a group's rate and everyone else's may be wider than it was
    among the held-out rows of the version."""
    volume_factor: float = 10.0
    """Times that traffic may be above or below what is expected: an order of magnitude."""
    minimum_labels: int = 200
    """Labelled rows below which a metric is not judged."""
    ignored: tuple[str, ...] = ()
    """Fields whose distribution is not compared, such as the date: a day is not a year."""
    compare_within: str = ""
    """A field of the request, such as the month: each window is compared with what the baseline saw
    in the same mix of its values."""
    groups: tuple[str, ...] = ()
    """Fields of the request by whose values rates are compared."""
    limits: tuple[Limit, ...] = ()
    """Bounds of metrics."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in _SHARES:
            if not 0 < getattr(self, name) < 1:
                raise _refused(name, getattr(self, name), "more than 0 and less than 1")
        if not 0 < self.psi <= self.major_psi:
            raise _refused("psi", self.psi, f"more than 0, up to major_psi ({self.major_psi:g})")
        for name in ("minimum_rows", "alarm_rows", "minimum_labels", "volume_factor"):
            if getattr(self, name) < 1:
                raise _refused(name, getattr(self, name), "1 or more")

    def to_json(self) -> dict[str, Any]:
        """As constraints.json holds it."""
        return dataclasses.asdict(self)

    @classmethod
    def read(cls, content: Mapping[str, Any], *, source: str) -> "Settings":
        """Settings from JSON; what is left out has its default.

        Raises:
            MonitoringError: a key is none, or its value cannot be meant.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        strange = sorted(content.keys() - set(known))
        if strange:
            raise MonitoringError(
                f"{source}: {strange[0]} is not a setting; allowed: {', '.join(known)}; remedy: "
                "correct or remove it"
            )
        try:
            return cls(**{name: _typed(name, value) for name, value in content.items()})
        except MonitoringError as error:
            raise MonitoringError(f"{source}: {error}") from error


def _typed(name: str, value: Any) -> Any:
    default = getattr(Settings, name)
    try:
        if name == "limits":
            return tuple(_limit(entry) for entry in value)
        if name == "compare_within":
            return _name(value)
        if isinstance(default, tuple):
            return _names(value)
        return _number(value, type(default))
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(name, value, f"a value like {default!r}") from error


def _number(value: Any, kind: type[Any]) -> Any:
    if isinstance(value, bool) or kind(value) != value:
        raise TypeError(value)
    return kind(value)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(name, str) for name in value):
        raise TypeError(value)
    return tuple(value)


def _limit(entry: Mapping[str, Any]) -> Limit:
    if entry["comparison"] not in ("at_least", "at_most"):
        raise ValueError(entry["comparison"])
    return Limit(
        metric=str(entry["metric"]),
        comparison=entry["comparison"],
        threshold=float(entry["threshold"]),
    )


def _refused(name: str, value: object, allowed: str) -> MonitoringError:
    return MonitoringError(f"{name} is {value!r}; allowed: {allowed}; remedy: change {name}")
