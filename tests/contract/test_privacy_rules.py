"""What identifies a person is not captured, and a stage that serves people is told of it."""

from collections.abc import Callable

import pytest

from mlops.contract import Problem

Changed = Callable[[str, str, str], list[Problem]]
ENDPOINT = "  expected_requests_per_minute: 300\n"
PROD = '  prod:\n    account: "333333333333"\n'


def capture(text: str) -> tuple[str, str, str]:
    """The contract with a block `capture`."""
    return "model.yaml", ENDPOINT, f"{ENDPOINT}  capture: {text}\n"


def monitoring(text: str) -> tuple[str, str, str]:
    """The contract with a block `monitoring`."""
    return "model.yaml", "registry:\n", f"monitoring: {text}\nregistry:\n"


@pytest.fixture
def in_production(changed: Changed) -> Changed:
    """Changes of a platform whose last stage is production; what it says before is left out."""
    changed("stages.yaml", PROD, f"{PROD}    production: true\n")
    return changed


@pytest.mark.parametrize("block", ["{enabled: true}", "{sampling_percent: 50}", "{enabled: false}"])
def test_production_refuses_a_contract_that_says_nothing_about_personal_data(
    in_production: Changed, block: str
) -> None:
    in_production(*monitoring("{engine: none}"))

    (problem,) = in_production(*capture(block))

    assert problem.file.endswith("model.yaml")
    assert problem.key == "endpoint.capture.personal_fields"
    assert problem.problem == "says nothing about personal data, and prod is production"
    assert "personal_fields: []" in problem.remedy


def test_that_no_field_is_personal_is_an_answer(in_production: Changed) -> None:
    assert in_production(*capture("{personal_fields: []}")) == []


def test_that_a_field_is_personal_is_an_answer_where_nothing_is_captured(
    in_production: Changed,
) -> None:
    in_production(*monitoring("{engine: none}"))

    assert in_production(*capture("{enabled: false, personal_fields: [weather]}")) == []


def test_a_stage_that_is_no_production_asks_for_nothing(changed: Changed) -> None:
    assert changed(*capture("{sampling_percent: 50}")) == []


def test_a_personal_field_is_not_captured(changed: Changed) -> None:
    (problem,) = changed(*capture("{personal_fields: [weather, hour]}"))

    assert problem.key == "endpoint.capture.personal_fields"
    assert "nothing can leave a field out" in problem.problem
    assert problem.got == "'weather, hour'"
    assert "endpoint.capture.enabled: false and monitoring.engine: none" in problem.remedy


def test_drift_is_not_looked_for_where_a_personal_field_keeps_requests_out(
    changed: Changed,
) -> None:
    changed(*monitoring("{compare_within: weather}"))

    (problem,) = changed(*capture("{enabled: false, personal_fields: [weather]}"))

    assert problem.key == "endpoint.capture.enabled"
    assert problem.allowed == "true, or monitoring.engine: none"


def test_a_personal_field_is_one_of_the_schemas(changed: Changed) -> None:
    changed(*monitoring("{engine: none}"))

    (problem,) = changed(*capture("{enabled: false, personal_fields: [name]}"))

    assert problem.key.startswith("endpoint.capture.personal_fields")
    assert (problem.got, problem.allowed) == ("'name'", "hour, weather, prediction")
