"""The dashboard of one model in one stage."""

from collections.abc import Iterator

from mlops.dashboards import drift_panels as drift
from mlops.dashboards import traffic_panels as endpoint
from mlops.dashboards.batch_panels import batches
from mlops.dashboards.panel import Section
from mlops.dashboards.served import Served


def model_sections(served: Served) -> tuple[Section, ...]:
    """From what callers notice to what it costs; what no contract asks for has no panel."""
    return tuple(_sections(served))


def _sections(served: Served) -> Iterator[Section]:
    yield Section(
        title="Callers",
        text="What the endpoint's callers meet, whatever release answers.",
        panels=(
            endpoint.traffic(served),
            endpoint.errors(served),
            endpoint.model_latency(served),
            endpoint.overhead_latency(served),
        ),
    )
    yield Section(
        title="Releases",
        text="Two releases share the traffic while a canary runs. Names are endpoint configs.",
        panels=(
            endpoint.shares(served),
            endpoint.release_errors(served),
            endpoint.release_latency(served),
            endpoint.wrong_answers(served),
        ),
    )
    yield Section(
        title="Instances",
        text="SageMaker reports no number of instances; it follows from the requests of each. "
        "Without a request the smallest fleet is shown.",
        panels=(endpoint.instances(served), endpoint.cpu(served), endpoint.memory(served)),
    )
    if served.watched:
        yield from _judged(served)
    if served.model.batch is not None:
        yield Section(
            title="Batches",
            text="Files that batch runs took, by the day of the run.",
            panels=tuple(batches(served)),
        )
    yield Section(
        title="Cost",
        text="Hours, not money: prices depend on region, contract and discounts, and nothing here "
        "looks them up. Two fleets during a release, captures and jobs are not counted.",
        panels=(endpoint.instance_hours(served),),
    )


def _judged(served: Served) -> Iterator[Section]:
    yield Section(
        title="Drift",
        text="One point for each window of the drift job.",
        panels=(drift.fields(served), drift.checks(served), drift.captured(served)),
    )
    if served.model.monitoring.labels is not None:
        yield Section(
            title="Quality",
            text="Answers beside what really happened; an alarm needs the whole interval beyond "
            "the limit.",
            panels=(*drift.limited(served), drift.measured(served), drift.labelled(served)),
        )
    if served.model.problem.groups:
        yield Section(
            title="Groups",
            text="A gap is a question to the owners of the model.",
            panels=(drift.gaps(served), drift.widened_gaps(served)),
        )
