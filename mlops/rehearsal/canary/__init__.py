"""Rehearse a canary: two real fleets, real traffic, and the alarms of the synthesized template."""

from mlops.rehearsal.canary.faults import FAULT_NAMES
from mlops.rehearsal.canary.rehearsal import Wishes, rehearse_canary
from mlops.rehearsal.canary.results import CanaryRehearsal, DeploymentResult

__all__ = ["FAULT_NAMES", "CanaryRehearsal", "DeploymentResult", "Wishes", "rehearse_canary"]
