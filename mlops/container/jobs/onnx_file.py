"""A model as an ONNX graph: always the same bytes for the same model, one thread per request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime


def serialized(graph: Any) -> bytes:
    """The bytes of a graph that a converter made."""
    # Converters list these in set order, and one model should always be the same bytes.
    versions = sorted(graph.opset_import, key=lambda version: str(version.domain))
    del graph.opset_import[:]
    graph.opset_import.extend(versions)
    return bytes(graph.SerializeToString(deterministic=True))


def session(path: Path) -> Any:
    """The graph, ready to answer."""
    options = onnxruntime.SessionOptions()
    # Requests run beside each other; threads inside one request would only compete with them.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
