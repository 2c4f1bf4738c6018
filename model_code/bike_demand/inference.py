"""The four functions that serve the model; runs from the archive alone, on numpy and ONNX only.

SageMaker's order is model_fn once, then input_fn, predict_fn and output_fn per request. A request
that breaks the contract raises `BadPayloadError`, which is a ValueError: the server answers 400.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import features
from jobs import onnx_file, payload
from jobs.contract import Row, load_contract
from jobs.payload import Prediction, Request

DECIMALS = 2  # hundredths of a rental: finer digits are no information


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a request needs: the graph and the interval's factor."""

    session: Any  # onnxruntime has no types
    interval_factor: float


def model_fn(model_dir: str) -> Model:
    """Load the archive that was unpacked into `model_dir`."""
    folder = Path(model_dir)
    return Model(
        session=onnx_file.session(folder / "model.onnx"),
        interval_factor=json.loads((folder / "model.json").read_text())["interval_factor"],
    )


def input_fn(body: bytes | str, content_type: str) -> Request:
    """The checked rows of a request."""
    return payload.read_request(
        body, content_type, load_contract(), objection=features.impossible_date
    )


def predict_fn(request: Request, model: Model) -> Prediction:
    """Demand per row, between the bounds of its interval."""
    demand = point(model, features.matrix(request.rows))
    low, high = bounds(demand, model.interval_factor)
    answers: list[Row] = [
        {"demand": d, "demand_low": lo, "demand_high": hi}
        for d, lo, hi in zip(_rounded(demand), _rounded(low), _rounded(high), strict=True)
    ]
    return Prediction(answers=answers, shape=request.shape)


def output_fn(prediction: Prediction, accept: str) -> str:
    """The answer as JSON in the request's shape, or as CSV."""
    return payload.write_answer(prediction, accept, load_contract())


def point(model: Model, matrix: features.Matrix) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The graph's answer; fewer than no rentals do not exist."""
    (answer,) = model.session.run(None, {"features": matrix})
    return np.maximum(np.asarray(answer, dtype=np.float64).ravel(), 0.0)


def bounds(
    demand: np.ndarray[Any, np.dtype[np.float64]], factor: float
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
    """The interval of each prediction: counts spread with the square root of their mean."""
    width = factor * np.sqrt(demand + 1.0)
    return np.maximum(demand - width, 0.0), demand + width


def _rounded(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]
