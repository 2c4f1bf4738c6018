"""Rules on personal data: SageMaker captures a request as it was sent, whole or not at all."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.stage_spec import StagesSpec
from mlops.contract.translation import problem_at

_PATH: Final = ("endpoint", "capture", "personal_fields")


def _personal_fields_exist(document: Document, model: ModelSpec) -> Iterator[Problem]:
    known = [field.name for field in (*model.schema_.input, *model.schema_.output)]
    for index, name in enumerate(model.endpoint.capture.personal_fields or ()):
        if name not in known:
            yield problem_at(
                document,
                (*_PATH, index),
                "the schema has no such field",
                got=name,
                allowed=", ".join(known),
                remedy="use one of these",
            )


def _personal_fields_are_not_captured(document: Document, model: ModelSpec) -> Iterator[Problem]:
    capture = model.endpoint.capture
    if capture.personal_fields and capture.enabled:
        yield problem_at(
            document,
            _PATH,
            "SageMaker keeps captured requests as they were sent; nothing can leave a field out",
            got=", ".join(capture.personal_fields),
            allowed="[] where requests are captured",
            remedy="set endpoint.capture.enabled: false and monitoring.engine: none, or take the "
            "fields out of the requests: let callers send a pseudonym",
        )


def _production_knows_what_is_personal(
    document: Document, model: ModelSpec, stages: StagesSpec
) -> Iterator[Problem]:
    production = [stage.name for stage in stages.stages if stage.production]
    if production and model.endpoint.capture.personal_fields is None:
        yield problem_at(
            document,
            _PATH,
            f"says nothing about personal data, and {', '.join(production)} is production",
            got="nothing",
            allowed="[] where no field identifies a person, or the names of those that do",
            remedy="say endpoint.capture.personal_fields: [] after asking whoever owns the data",
        )


PRIVACY_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _personal_fields_exist,
    _personal_fields_are_not_captured,
)
STAGE_PRIVACY_RULES: Final[
    tuple[Callable[[Document, ModelSpec, StagesSpec], Iterator[Problem]], ...]
] = (_production_knows_what_is_personal,)
