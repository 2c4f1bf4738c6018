"""The contract's gates, told in words; the pipeline's Condition step decides on the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .job import DataError

Figures = Mapping[str, float]

PASSED = "all gates passed"


def verdict(gates: Sequence[dict[str, Any]], metrics: Figures, worse_by: Figures) -> dict[str, Any]:
    """Whether every gate is met, and if not which failed and by how much."""
    failures = [text for gate in gates for text in _failures(gate, metrics, worse_by)]
    return {"passed": not failures, "message": "; ".join(failures) or PASSED}


def _failures(gate: dict[str, Any], metrics: Figures, worse_by: Figures) -> list[str]:
    name, threshold = gate["metric"], gate["threshold"]
    if name not in metrics:
        raise DataError(f"gate on {name}: no such metric; allowed: {', '.join(metrics)}")
    value = metrics[name]
    at_least = gate["comparison"] == "at_least"
    short_by = threshold - value if at_least else value - threshold
    found = []
    if short_by > 0:
        demand = "at least" if at_least else "at most"
        found.append(
            f"{name} is {value:.4g}, must be {demand} {threshold:g}: missed by {short_by:.3g}"
        )
    allowed = gate.get("max_regression")
    if allowed is not None and worse_by[name] > allowed:
        found.append(
            f"{name} is {worse_by[name]:.3g} worse than the approved version, allowed: {allowed:g}"
        )
    return found
