"""What a version's model card says: who answers for it, and with what it was trained.

Hyper-parameters, data and image are known when the pipeline runs, so the JSON is joined there of
pieces. Its keys: SageMaker Developer Guide, "Model package model card schema"; registration makes
it a draft, and people complete and approve it.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from mlops.contract import ModelSpec
from mlops.pipeline.naming import camel_case
from mlops.pipeline.steps import Joined, ParameterValue, Value

_MARK: Final = "\x00"
"""Where in the rendered text a parameter stands; no file that people write can hold it."""


def card_of(spec: ModelSpec) -> Joined:
    """The text of the card as pieces of JSON with the execution's values between them."""
    parameters: list[Value] = []
    text = json.dumps(_content(spec, parameters), ensure_ascii=False, separators=(",", ":"))
    pieces = text.split(json.dumps(_MARK)[1:-1])
    return Joined("", tuple(_woven(pieces, parameters)))


def _content(spec: ModelSpec, parameters: list[Value]) -> dict[str, Any]:
    def later(name: str) -> str:
        parameters.append(ParameterValue(name))
        return _MARK

    return {
        "model_overview": {"model_creator": spec.owners.data_science},
        "intended_uses": {"purpose_of_model": spec.description},
        "training_details": {
            "training_job_details": {
                "training_datasets": [later("DataUri")],
                "training_environment": {"container_image": [later("ImageUri")]},
                "hyper_parameters": [
                    {"name": name, "value": later(camel_case(name))}
                    for name in spec.pipeline.steps.train.hyperparameters
                ],
            }
        },
    }


def _woven(pieces: list[str], parameters: list[Value]) -> Iterator[Value]:
    for piece, parameter in zip(pieces, [*parameters, None], strict=True):
        yield piece
        if parameter is not None:
            yield parameter
