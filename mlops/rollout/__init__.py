"""Judge and schedule a release: the canary's vocabulary, in the standard library only."""

from mlops.rollout.policy import (
    LIMITS,
    AlarmWindow,
    CanaryPolicy,
    Strategy,
    Violation,
    violations,
)

__all__ = ["LIMITS", "AlarmWindow", "CanaryPolicy", "Strategy", "Violation", "violations"]
