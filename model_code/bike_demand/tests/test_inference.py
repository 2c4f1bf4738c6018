from __future__ import annotations

import json
import math
from typing import Any

import pytest
from model_runs import FOLDER, example_cases
from test_payload import ROW

import inference
from contract import load_contract


@pytest.fixture(scope="module")
def model(trained) -> inference.Model:
    return inference.model_fn(str(trained.model_dir))


def answer(model: inference.Model, content: object) -> Any:
    request = inference.input_fn(json.dumps(content), "application/json")
    return json.loads(inference.output_fn(inference.predict_fn(request, model), "*/*"))


def demand(model: inference.Model, **changed: object) -> float:
    return float(answer(model, ROW | changed)["demand"])


def test_one_row_and_the_same_row_in_a_batch_get_the_same_answer(model):
    single = answer(model, ROW)

    assert answer(model, [ROW, ROW | {"hour": 3}, ROW])[2] == single
    assert answer(model, {"instances": [ROW]}) == {"predictions": [single]}


def test_every_answer_keeps_the_contracts_output_schema(model):
    rows = [ROW | {"hour": hour, "weather": None} for hour in range(24)]

    for row in answer(model, rows):
        assert list(row) == [field.name for field in load_contract().output]
        assert all(field.accepts(row[field.name]) for field in load_contract().output)
        assert row["demand_low"] <= row["demand"] <= row["demand_high"]


def test_the_known_shape_of_a_city_is_learned(model):
    assert demand(model, hour=17) > 5 * demand(model, hour=3)
    assert demand(model, hour=8, weekday="Sun") < demand(model, hour=8, weekday="Tue")
    assert demand(model, weather="Light Rain") < demand(model, weather="Clear")
    assert demand(model, temperature=2.0, feels_like=0.0) < demand(model)
    assert demand(model, humidity=95.0) < demand(model)


def test_a_wider_promise_has_a_wider_interval(model):
    low, high = inference.bounds(inference.np.array([0.0, 100.0]), 2.0)

    assert low.tolist() == [0.0, pytest.approx(100 - 2 * math.sqrt(101))]
    assert high.tolist() == [2.0, pytest.approx(100 + 2 * math.sqrt(101))]


def test_every_measurement_may_be_unknown(model):
    unknown = dict.fromkeys(("weather", "temperature", "feels_like", "humidity", "windspeed"))

    assert demand(model, **unknown) > 0


@pytest.mark.parametrize("case", example_cases(), ids=lambda case: str(case["name"]))
def test_the_examples_hold_the_answers_of_this_model(model, case, model_yaml):
    kind = "text/csv" if isinstance(case["request"], str) else "application/json"
    body = case["request"] if kind == "text/csv" else json.dumps(case["request"])
    request = inference.input_fn(body, kind)
    given = json.loads(inference.output_fn(inference.predict_fn(request, model), kind[:0] or "*/*"))

    # Another machine may round the last trees differently; a cent of a rental is room enough.
    assert numbers(given) == pytest.approx(numbers(case["response"]), abs=0.05)


def test_there_are_single_batch_and_csv_examples():
    names = [path.name for path in (FOLDER / "examples").glob("*.request.*")]

    assert len(names) >= 4
    assert any(name.endswith(".csv") for name in names)
    assert any(isinstance(case["request"], list) for case in example_cases())


def numbers(content: Any) -> list[float]:
    rows = content.get("predictions", [content]) if isinstance(content, dict) else content
    return [value for row in rows for value in row.values()]
