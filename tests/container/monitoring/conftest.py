"""A small contract, captured lines of it, and random rows that obey it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import numpy as np
import pytest

from mlops.container.monitoring import Baseline, Schema

hypothesis.settings.register_profile("monitoring", deadline=None, derandomize=True, max_examples=60)
hypothesis.settings.load_profile("monitoring")

CONTRACT: dict[str, Any] = {
    "schema": {
        "input": [
            {"name": "temperature", "type": "number", "min": -25, "max": 50, "nullable": True},
            {"name": "hour", "type": "integer", "min": 0, "max": 23},
            {"name": "weekday", "type": "string", "allowed": ["Mon", "Tue", "Wed"]},
            {"name": "holiday", "type": "boolean"},
        ],
        "output": [{"name": "demand", "type": "number", "min": 0}],
    }
}
Table = dict[str, list[Any]]


@pytest.fixture
def contract() -> dict[str, Any]:
    return json.loads(json.dumps(CONTRACT))


@pytest.fixture
def schema() -> Schema:
    return Schema.read(CONTRACT)


@pytest.fixture
def table() -> Callable[..., Table]:
    """Random rows of the contract; a keyword replaces a column."""

    def made(rows: int, seed: int = 1, **columns: Any) -> Table:
        draw = np.random.default_rng(seed)
        temperature = draw.normal(15, 5, rows).round(3)
        hour = draw.integers(0, 24, rows)
        drawn: Table = {
            "temperature": temperature.tolist(),
            "hour": hour.tolist(),
            "weekday": draw.choice(["Mon", "Tue", "Wed"], rows, p=[0.5, 0.3, 0.2]).tolist(),
            "holiday": (draw.random(rows) < 0.1).tolist(),
            "demand": np.maximum(0, 100 + 5 * temperature + draw.normal(0, 20, rows)).tolist(),
        }
        return drawn | columns

    return made


@pytest.fixture
def baseline(schema: Schema, table: Callable[..., Table]) -> Baseline:
    return Baseline.of(schema, table(5000, seed=11))


@pytest.fixture
def capture() -> Callable[..., bytes]:
    """A line as SageMaker writes it; keywords replace parts, None takes them away."""

    def line(
        row: Any = None,
        answer: Any = None,
        *,
        event: str | None = "event-1",
        inference_id: str | None = None,
        time: str | None = "2026-11-02T10:15:00Z",
        sides: Mapping[str, Any] | None = None,
    ) -> bytes:
        asked = {"temperature": 12.5, "hour": 7, "weekday": "Mon", "holiday": False}
        captured = {
            "endpointInput": side(asked if row is None else row, "INPUT"),
            "endpointOutput": side({"demand": 80.5} if answer is None else answer, "OUTPUT"),
        } | dict(sides or {})
        about = {"eventId": event, "inferenceId": inference_id, "inferenceTime": time}
        content = {
            "captureData": {name: part for name, part in captured.items() if part is not None},
            "eventMetadata": {name: part for name, part in about.items() if part is not None},
            "eventVersion": "0",
        }
        return json.dumps(content).encode() + b"\n"

    return line


def side(content: Any, mode: str) -> dict[str, Any]:
    """One side of a capture in JSON."""
    return {
        "observedContentType": "application/json",
        "mode": mode,
        "data": json.dumps(content),
        "encoding": "JSON",
    }
