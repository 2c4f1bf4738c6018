from __future__ import annotations

import json
import math
from typing import Any

import pytest
from this_model import MODEL

import inference

ROW: dict[str, Any] = {
    "month": 7, "day": 15, "hour": 17, "weekday": "Fri", "holiday": False, "weather": "Clear",
    "temperature": 28.5, "feels_like": 30.0, "humidity": 48.0, "windspeed": 12.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def served(trained) -> inference.Model:
    return inference.model_fn(str(trained.model_dir))


def answer(model: inference.Model, content: object) -> Any:
    request = inference.input_fn(json.dumps(content), "application/json")
    return json.loads(inference.output_fn(inference.predict_fn(request, model), "*/*"))


def demand(model: inference.Model, **changed: object) -> float:
    return float(answer(model, ROW | changed)["demand"])


def test_demand_lies_inside_its_interval_and_is_never_negative(served):
    rows = [ROW | {"hour": hour, "weather": None} for hour in range(24)]

    for row in answer(served, rows):
        assert 0 <= row["demand_low"] <= row["demand"] <= row["demand_high"]


def test_a_day_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="row 0: day is 30; allowed: a day that month 2 has"):
        inference.input_fn(json.dumps(ROW | {"month": 2, "day": 30}), "application/json")


def test_the_known_shape_of_a_city_is_learned(served):
    assert demand(served, hour=17) > 5 * demand(served, hour=3)
    assert demand(served, hour=8, weekday="Sun") < demand(served, hour=8, weekday="Tue")
    assert demand(served, weather="Light Rain") < demand(served, weather="Clear")
    assert demand(served, temperature=2.0, feels_like=0.0) < demand(served)
    assert demand(served, humidity=95.0) < demand(served)


def test_a_wider_promise_has_a_wider_interval(model):
    low, high = inference.bounds(inference.np.array([0.0, 100.0]), 2.0)

    assert low.tolist() == [0.0, pytest.approx(100 - 2 * math.sqrt(101))]
    assert high.tolist() == [2.0, pytest.approx(100 + 2 * math.sqrt(101))]


def test_every_measurement_may_be_unknown(served):
    unknown = dict.fromkeys(("weather", "temperature", "feels_like", "humidity", "windspeed"))

    assert demand(served, **unknown) > 0


@pytest.mark.parametrize("case", MODEL.cases, ids=lambda case: str(case["name"]))
def test_the_examples_hold_the_answers_of_this_model(served, case):
    kind = "text/csv" if isinstance(case["request"], str) else "application/json"
    body = case["request"] if kind == "text/csv" else json.dumps(case["request"])
    request = inference.input_fn(body, kind)
    given = json.loads(inference.output_fn(inference.predict_fn(request, served), "*/*"))

    # Another machine may round the last trees differently; a cent of a rental is room enough.
    assert numbers(given) == pytest.approx(numbers(case["response"]), abs=0.05)


def numbers(content: Any) -> list[float]:
    rows = content.get("predictions", [content]) if isinstance(content, dict) else content
    return [value for row in rows for value in row.values()]
