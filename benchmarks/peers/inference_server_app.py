"""The model's functions as a plugin of `inference-server`."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# `import-not-found`: inference-server lives in `.envs/bench-serving`, the model in its archive.
import inference_server  # type: ignore[import-not-found]  # see above
from inference_server._plugin import manager  # type: ignore[import-not-found]  # see above

MODEL_DIR = Path(os.environ["MODEL_DIR"])
sys.path.insert(0, str(MODEL_DIR / "code"))

import inference  # type: ignore[import-not-found]  # noqa: E402 - it is found on the path above


# The names of functions and parameters are the hooks'.
def model_fn(model_dir: str) -> Any:  # noqa: ARG001 - always /opt/ml/model, which is not ours
    """The model of the folder under test."""
    return inference.model_fn(str(MODEL_DIR))


def input_fn(input_data: bytes, content_type: str) -> Any:
    """The checked rows."""
    return inference.input_fn(input_data, content_type)


def predict_fn(data: Any, model: Any) -> Any:
    """The model's prediction."""
    return inference.predict_fn(data, model)


def output_fn(prediction: Any, accept: Any) -> tuple[bytes, str]:  # noqa: ARG001 - one type is asked
    """The answer, always as JSON."""
    return inference.output_fn(prediction, "application/json").encode(), "application/json"


hook = inference_server.plugin_hook()
hooks = {
    function.__name__: hook(function) for function in (model_fn, input_fn, predict_fn, output_fn)
}
manager().register(SimpleNamespace(**hooks))
inference_server.warmup()
app = inference_server.create_app()
