"""Rules on the requests that a model gets in a stage."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.stage_spec import StagesSpec
from mlops.contract.translation import problem_at


def _callers_are_of_stages_before_the_last(
    document: Document, model: ModelSpec, stages: StagesSpec
) -> Iterator[Problem]:
    known = [stage.name for stage in stages.stages[:-1]]
    for name in model.endpoint.stage_requests_per_minute:
        if name not in known:
            yield problem_at(
                document,
                ("endpoint", "stage_requests_per_minute", name),
                "the last stage's traffic is expected_requests_per_minute"
                if name == stages.last.name
                else "there is no such stage",
                got=name,
                allowed=", ".join(known) or "no key: there is one stage only",
                remedy="name a stage before the last, or remove the line",
            )


TRAFFIC_RULES: Final[tuple[Callable[[Document, ModelSpec, StagesSpec], Iterator[Problem]], ...]] = (
    _callers_are_of_stages_before_the_last,
)
