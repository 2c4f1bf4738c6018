"""What a stage makes of a contract."""

from mlops.dashboards import Served


def test_a_stage_changes_the_canary_and_says_how_large_a_fleet_is(served: Served) -> None:
    assert served.canary.size_percent == 20
    assert served.instance_type == "ml.m5.xlarge"
    assert served.endpoint == "acme-prod-churn"
