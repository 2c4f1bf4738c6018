import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from mlops.contract import CanarySpec, EndpointSpec
from mlops.contract.endpoint_spec import CanaryAlarms
from mlops.contract.stage_spec import CanaryOverrides


def test_the_latency_alarm_follows_the_objective_unless_it_is_given() -> None:
    usual = EndpointSpec(expected_requests_per_minute=1, latency_p99_ms=200)
    given = usual.model_copy(
        update={"canary": CanarySpec(alarms=CanaryAlarms(latency_p99_ms=250.0))}
    )

    assert usual.canary_latency_p99_ms == 300
    assert given.canary_latency_p99_ms == 250


def test_a_stage_changes_only_the_keys_that_it_names() -> None:
    canary = CanarySpec(size_percent=20)

    changed = CanaryOverrides(bake_minutes=30, strategy="linear").applied_to(canary)

    assert changed.policy.bake_minutes == 30
    assert changed.policy.strategy == "linear"
    assert changed.policy.size_percent == 20
    assert CanaryOverrides().applied_to(canary) == canary


CUSTOM = {"name": "surge", "namespace": "Bikes/Serving", "metric": "Surge", "threshold": 0.3}


def test_a_metric_of_the_models_own_rolls_back_like_the_others() -> None:
    alarms = {"period_seconds": 120, "metrics": [CUSTOM]}
    canary = CanarySpec.model_validate({"alarms": alarms, "bake_minutes": 20})

    (signal,) = canary.custom_signals

    assert (signal.key, signal.namespace, signal.metric) == ("surge", "Bikes/Serving", "Surge")
    assert (signal.alarm.threshold, signal.alarm.period_seconds) == (0.3, 120)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([{**CUSTOM, "name": "latency"}], "would be named latency"),
        ([CUSTOM, CUSTOM], "would be named surge"),
        ([{**CUSTOM, "namespace": "AWS/SageMaker"}], "is not a valid metric namespace of your own"),
        ([{**CUSTOM, "namespace": "Mlops/Serving"}], "is not a valid metric namespace of your own"),
        ([{**CUSTOM, "threshold": float("nan")}], "finite number"),
        ([{**CUSTOM, "name": f"m{n}"} for n in range(6)], "at most 5"),
    ],
)
def test_a_custom_metric_that_could_not_be_an_alarm_is_refused(
    metrics: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        CanarySpec.model_validate({"alarms": {"metrics": metrics}})


def test_a_body_is_bounded_by_the_contract_or_by_the_servers_own_limit() -> None:
    """The server's is the service's: what SageMaker lets through is not refused here."""
    server = (Path(__file__).parents[2] / "mlops/container/serving/serve.py").read_text()
    own = re.search(r"^MAX_BODY_BYTES = (\d+) \* 1024 \* 1024  #", server, re.M)
    usual = EndpointSpec(expected_requests_per_minute=1)
    shorter = EndpointSpec(expected_requests_per_minute=1, max_payload_mb=2)

    assert own is not None
    assert (usual.max_payload_mb, usual.body_limit_bytes) == (int(own[1]), None)
    assert shorter.body_limit_bytes == 2 * 1024 * 1024
    with pytest.raises(ValueError, match="less than or equal to 25"):
        EndpointSpec(expected_requests_per_minute=1, max_payload_mb=26)
