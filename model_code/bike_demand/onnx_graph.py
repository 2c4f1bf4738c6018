"""The fitted pipeline as one ONNX graph: preprocessing and trees, 32-bit floats in and out.

Serving then needs neither scikit-learn nor XGBoost, which keeps a container's start under a second.
"""

from __future__ import annotations

from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes
from sklearn.pipeline import Pipeline
from xgboost import XGBRegressor

import features
from jobs import onnx_file

OPSET = {"": 15, "ai.onnx.ml": 3}  # what onnxmltools writes trees in


def export(pipeline: Pipeline) -> bytes:
    """The graph; its input is named `features`."""
    update_registered_converter(
        XGBRegressor, "XGBRegressor", calculate_linear_regressor_output_shapes, convert_xgboost
    )
    inputs = [("features", FloatTensorType([None, len(features.FEATURES)]))]
    graph = convert_sklearn(pipeline, "bike-demand", initial_types=inputs, target_opset=OPSET)
    return onnx_file.serialized(graph)
