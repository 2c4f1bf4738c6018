"""What CloudWatch would have of a rehearsed deployment, minute by minute."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mlops.dashboards import VARIANT, Recorded
from mlops.rehearsal.canary.metrics import INVOCATIONS, PROBES, WRONG_ANSWERS, Metrics, Part
from mlops.rollout import timeline

MINUTE: Final = 60
_STATISTICS: Final = {
    "Invocations": ("Sum",),
    "Invocation4XXErrors": ("Average", "Sum"),
    "Invocation5XXErrors": ("Average", "Sum"),
    "InvocationModelErrors": ("Average", "Sum"),
    "ModelLatency": ("p50", "p90", "p99", "Sum"),
    "OverheadLatency": ("p50", "p90", "p99"),
}
_COLOURS: Final[Mapping[Part, str]] = {"old-fleet": "blue", "new-fleet": "green"}


@dataclass(frozen=True, kw_only=True)
class Curves:
    """A deployment's metrics; its fleets by the versions that they ran."""

    metrics: Metrics
    endpoint: str
    versions: Mapping[Part, str]
    ended: float

    def all(self) -> Iterator[Recorded]:
        """Of the endpoint, and of each fleet under its own config's dimension.

        A config has no name here; its fleet's colour and version stand for it.
        """
        whole = {"EndpointName": self.endpoint, "VariantName": VARIANT}
        yield from self._invocations("endpoint", whole)
        for part, version in self.versions.items():
            config = f"{_COLOURS[part]}: version {version}"
            yield from self._invocations(part, whole | {"EndpointConfigName": config})
            probed = {"EndpointName": self.endpoint, "ModelVersion": version}
            yield self._one(part, PROBES, WRONG_ANSWERS, "Average", probed)

    def _invocations(self, part: Part, dimensions: Mapping[str, str]) -> Iterator[Recorded]:
        for name, statistics in _STATISTICS.items():
            for statistic in statistics:
                yield self._one(part, INVOCATIONS, name, statistic, dimensions)

    def _one(
        self, part: Part, namespace: str, name: str, statistic: str, dimensions: Mapping[str, str]
    ) -> Recorded:
        points = timeline(
            self.metrics.samples(part, name),
            statistic=statistic,
            period_seconds=MINUTE,
            start=0.0,
            end=self.ended,
        )
        return Recorded(
            namespace=namespace,
            name=name,
            dimensions=dimensions,
            statistic=statistic,
            points=tuple(
                (float(minute), point.value)
                for minute, point in enumerate(points)
                if point is not None
            ),
        )
