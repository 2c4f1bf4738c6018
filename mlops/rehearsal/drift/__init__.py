"""Replays the past: traffic is captured, drift noticed, a model retrained and released."""

from mlops.rehearsal.drift.faults import expectations
from mlops.rehearsal.drift.rehearsal import Wishes, rehearse_drift
from mlops.rehearsal.drift.results import DriftRehearsal, PeriodResult, Training

__all__ = [
    "DriftRehearsal",
    "PeriodResult",
    "Training",
    "Wishes",
    "expectations",
    "rehearse_drift",
]
