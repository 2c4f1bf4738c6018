"""Old leftovers of one endpoint go; whatever is used, young or somebody else's stays."""

from datetime import timedelta
from typing import Any

import pytest

from mlops_handlers.rollout import janitor

OLD = timedelta(days=4000)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENDPOINT_NAME", "acme-prod-churn")
    monkeypatch.setenv("KEEP_DAYS", "30")
    monkeypatch.setenv("KEEP_NEWEST", "1")


@pytest.fixture
def history(endpoints: Any) -> Any:
    """Four old releases, the first of which is in force, and one of somebody else."""
    for number in range(4):
        endpoints.add_config(f"old{number}", age=OLD + timedelta(days=number))
    endpoints.add_config("other", age=OLD, owner="acme-prod-fraud")
    endpoints.create("config-old0")
    return endpoints


def test_old_unused_releases_go_with_their_models(aws: Any, history: Any) -> None:
    assert janitor.handler({}, None) == {"configs": 3, "models": 3}
    assert set(history.configs) == {"config-old0", "config-other"}
    assert [r["ModelName"] for r in aws.asked("DeleteModel")] == [
        "model-old1",
        "model-old2",
        "model-old3",
    ]


def test_what_an_endpoint_runs_stays_however_old(history: Any) -> None:
    history.create("config-old3")

    janitor.handler({}, None)

    assert "config-old3" in history.configs


def test_the_newest_stay_to_go_back_to(history: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP_NEWEST", "3")

    assert janitor.handler({}, None) == {"configs": 1, "models": 1}


def test_the_young_stay(history: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP_DAYS", "40000")

    assert janitor.handler({}, None) == {"configs": 0, "models": 0}


def test_somebody_elses_are_never_touched(aws: Any, history: Any) -> None:
    janitor.handler({}, None)

    deleted = [request["EndpointConfigName"] for request in aws.asked("DeleteEndpointConfig")]
    assert "config-other" not in deleted


def test_a_model_that_a_kept_config_names_stays(aws: Any, history: Any) -> None:
    history.configs["config-old1"]["model"] = "model-old0"

    janitor.handler({}, None)

    assert "model-old0" not in [request["ModelName"] for request in aws.asked("DeleteModel")]
