"""The metadata that the platform writes to every registered version, by their keys.

`registry.metadata` of a contract and these share one map of the registry; a contract's key of the
same name would be lost without a word.
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal, get_args

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.translation import problem_at

PlatformMetadata = Literal[
    "answers_sha256",
    "answers_uri",
    "archive_sha256",
    "baseline_sha256",
    "commit",
    "compared_with_version",
    "data_uri",
    "data_version",
    "evaluated_sha256",
    "execution",
    "on_call",
    "owner_data_science",
    "owner_deployment",
    "schema_sha256",
    "source_hash",
    "started_by",
    "started_by_id",
    "training_end",
    "trigger",
    "trigger_evidence",
]
"""The registration writes exactly these; types hold it to the list."""
PLATFORM_METADATA: Final[tuple[str, ...]] = get_args(PlatformMetadata)


def _metadata_are_not_the_platforms(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for key in model.registry.metadata:
        if key in PLATFORM_METADATA:
            yield problem_at(
                document,
                ("registry", "metadata", key),
                "the registration writes this key itself, and yours would be lost",
                got=key,
                allowed=f"any key but {', '.join(PLATFORM_METADATA)}",
                remedy="rename the key",
            )


METADATA_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _metadata_are_not_the_platforms,
)
