"""The metrics that the platform publishes: namespaces, names, units and dimensions, each once.

CloudWatch finds a metric under exactly its name, unit and dimensions, and says nothing of one that
it does not find: whoever publishes, alarms on, draws or reports a metric takes its names from here.
The drift engine runs in a model's image and knows no platform; a test holds its names to these.
"""

from dataclasses import dataclass
from typing import Final, Literal

SERVING: Final = "Mlops/Serving"
"""Namespace of what the prober finds."""
MONITORING: Final = "Mlops/Monitoring"
"""Namespace of what the drift job finds."""
BATCH: Final = "Mlops/Batch"
"""Namespace of what batch runs count."""
ENDPOINT: Final = "EndpointName"
PIPELINE: Final = "PipelineName"


@dataclass(frozen=True, kw_only=True)
class OwnMetric:
    """A metric as it is published."""

    namespace: str
    name: str
    unit: Literal["Count", "None"]
    owner: str
    """Dimension that says whose it is."""
    by: str | None = None
    """Dimension of which each value has a metric of its own."""

    @property
    def dimensions(self) -> frozenset[str]:
        """Names of all of its dimensions."""
        return frozenset({self.owner} if self.by is None else {self.owner, self.by})


def _of_job(name: str, unit: Literal["Count", "None"], by: str | None = None) -> OwnMetric:
    return OwnMetric(namespace=MONITORING, name=name, unit=unit, owner=ENDPOINT, by=by)


def _of_batches(name: str) -> OwnMetric:
    return OwnMetric(namespace=BATCH, name=name, unit="Count", owner=PIPELINE)


WRONG_ANSWERS: Final = OwnMetric(
    namespace=SERVING, name="WrongAnswers", unit="None", owner=ENDPOINT, by="ModelVersion"
)

CHECK: Final = _of_job("Check", "Count", by="Check")
"""1 where a check of a window needs somebody."""
RUNS: Final = _of_job("Runs", "Count")
MISSING_CAPTURE: Final = _of_job("MissingCapture", "Count")
"""1 where requests were answered and nothing of them was captured."""
ALARMS: Final = _of_job("Alarms", "Count")
INCONCLUSIVE: Final = _of_job("Inconclusive", "Count")
REQUESTS: Final = _of_job("Requests", "Count")
ROWS: Final = _of_job("Rows", "Count")
LOST_LINES: Final = _of_job("LostLines", "Count")
DRIFTING_INPUTS: Final = _of_job("DriftingInputs", "Count")
DRIFTING_PREDICTIONS: Final = _of_job("DriftingPredictions", "Count")
DRIFTING_LABELS: Final = _of_job("DriftingLabels", "Count")
CONTRACT_BREACHES: Final = _of_job("ContractBreaches", "Count")
STABILITY: Final = _of_job("PopulationStabilityIndex", "None", by="Field")
PERFORMANCE: Final = _of_job("Performance", "None", by="Metric")
LABELLED_SHARE: Final = _of_job("LabelledShare", "None")
WIDEST_GAP: Final = _of_job("WidestGap", "None", by="Measure")
WIDENED_GAP: Final = _of_job("WidenedGap", "None", by="Measure")

BATCH_RUNS: Final = _of_batches("Runs")
BATCH_FILES: Final = _of_batches("Files")
BATCH_EMPTY_FILES: Final = _of_batches("EmptyFiles")
BATCH_ROWS: Final = _of_batches("Rows")

OWN_METRICS: Final = tuple(
    value for value in list(globals().values()) if isinstance(value, OwnMetric)
)
"""All of them."""
