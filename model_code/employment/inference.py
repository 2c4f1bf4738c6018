"""The four functions that serve the model; runs from the archive alone, on numpy and ONNX only.

SageMaker's order is model_fn once, then input_fn, predict_fn and output_fn per request. A request
that breaks the contract raises `BadPayloadError`, which is a ValueError: the server answers 400.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import features
from jobs import onnx_file, payload
from jobs.contract import Row, load_contract
from jobs.payload import Prediction, Request
from jobs.resampling import Numbers

DECIDED_FROM = 0.5
DECIMALS = 4  # finer digits are no information
SURE = 0.0001  # and no answer about a person is certain


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a request needs."""

    session: Any  # onnxruntime has no types


def model_fn(model_dir: str) -> Model:
    """Load the archive that was unpacked into `model_dir`."""
    return Model(session=onnx_file.session(Path(model_dir) / "model.onnx"))


def input_fn(body: bytes | str, content_type: str) -> Request:
    """The checked rows of a request."""
    return payload.read_request(
        body, content_type, load_contract(), objection=features.contradiction
    )


def predict_fn(request: Request, model: Model) -> Prediction:
    """Per row the probability of being employed, and whether it is the likelier answer."""
    found = probability(model, features.matrix(request.rows))
    rounded = [round(float(p), DECIMALS) for p in np.clip(found, SURE, 1 - SURE)]
    answers: list[Row] = [{"probability": p, "employed": p >= DECIDED_FROM} for p in rounded]
    return Prediction(answers=answers, shape=request.shape)


def output_fn(prediction: Prediction, accept: str) -> str:
    """The answer as JSON in the request's shape, or as CSV."""
    return payload.write_answer(prediction, accept, load_contract())


def probability(model: Model, matrix: features.Matrix) -> Numbers:
    """The graph's probability of the second class, which is `employed`."""
    (both,) = model.session.run(["probabilities"], {"features": matrix})
    return np.asarray(both, dtype=np.float64)[:, 1]
