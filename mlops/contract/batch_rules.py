"""Rules that join what a contract says about batches with the limits of SageMaker."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.translation import problem_at

MOST_MEGABYTES_AT_ONCE: Final = 100
"""MaxConcurrentTransforms times MaxPayloadInMB (API reference of CreateTransformJob)."""


def _a_batch_fits_into_its_machines(document: Document, model: ModelSpec) -> Iterator[Problem]:
    batch = model.batch
    if batch is None:
        return
    at_once = batch.max_payload_mb * batch.concurrent_requests
    if at_once > MOST_MEGABYTES_AT_ONCE:
        yield problem_at(
            document,
            ("batch", "max_payload_mb"),
            f"{batch.concurrent_requests} requests at once would hold {at_once} MB",
            got=batch.max_payload_mb,
            allowed=f"max_payload_mb x concurrent_requests <= {MOST_MEGABYTES_AT_ONCE}",
            remedy="lower one of them",
        )


BATCH_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _a_batch_fits_into_its_machines,
)
