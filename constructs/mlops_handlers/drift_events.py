"""The event that the drift job sends, and that a retraining waits for."""

from typing import Final

DRIFT_SOURCE: Final = "mlops.monitoring"
"""No AWS service's, and none that a service could take."""
DRIFT_FOUND: Final = "Mlops Drift Found"
