"""The application that most bring-your-own containers carry: flask around the model's functions."""

import os
import sys
from pathlib import Path

# `import-not-found`: flask lives in `.envs/bench-serving`, the model in its archive.
from flask import Flask, Response, request  # type: ignore[import-not-found]  # see above

MODEL_DIR = Path(os.environ["MODEL_DIR"])
sys.path.insert(0, str(MODEL_DIR / "code"))

import inference  # type: ignore[import-not-found]  # noqa: E402 - it is found on the path above

MODEL = inference.model_fn(str(MODEL_DIR))


def ping() -> Response:
    """Healthy: the model is loaded before the application is there."""
    return Response(status=200)


def invocations() -> Response:
    """The model's answer."""
    order = inference.input_fn(request.get_data(), request.content_type)
    answer = inference.output_fn(inference.predict_fn(order, MODEL), "application/json")
    return Response(answer, mimetype="application/json")


app = Flask(__name__)
app.add_url_rule("/ping", view_func=ping)
app.add_url_rule("/invocations", view_func=invocations, methods=["POST"])
