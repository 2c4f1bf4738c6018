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
