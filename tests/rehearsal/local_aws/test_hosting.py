"""What an update keeps of a live endpoint, and that the synthesized one keeps the right part."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from mlops.rehearsal.local_aws.assembly import Assembly, Stack
from mlops.rehearsal.local_aws.hosting import CAPTURE, INSTANCES, WEIGHT, Hosting, LiveVariant

NAME = "acme-prod-churn"
VARIANT = "AllTraffic"
KEPT = {"EndpointName": NAME, "RetainAllVariantProperties": True}


def config(*, instances: int, weight: float = 1.0, capture: bool = True) -> dict[str, Any]:
    variant = {
        "VariantName": VARIANT, "InitialInstanceCount": instances, "InitialVariantWeight": weight,
    }  # fmt: skip
    captured: dict[str, Any] = {CAPTURE: {"EnableCapture": True}} if capture else {}
    return {"ProductionVariants": [variant], **captured}


@pytest.fixture
def hosting() -> Hosting:
    """An endpoint that was created with two instances and scaled to five, at half the weight."""
    made = Hosting(configs={"old": config(instances=2), "new": config(instances=3, weight=0.25)})
    made.deploy(KEPT, "old")
    scaled = {"VariantName": VARIANT, "DesiredInstanceCount": 5, "DesiredWeight": 0.5}
    made.client().update_endpoint_weights_and_capacities(
        EndpointName=NAME, DesiredWeightsAndCapacities=[scaled]
    )
    return made


@pytest.mark.parametrize(
    ("retained", "excluded", "expected"),
    [
        (None, (), (3, 0.25)),
        (False, (), (3, 0.25)),
        (True, (), (5, 0.5)),
        (True, (INSTANCES,), (3, 0.5)),
        (True, (WEIGHT,), (5, 0.25)),
        (True, (INSTANCES, WEIGHT), (3, 0.25)),
    ],
)
def test_an_update_takes_from_the_config_what_it_does_not_keep(
    hosting: Hosting, retained: bool | None, excluded: tuple[str, ...], expected: tuple[int, float]
) -> None:
    asked = {"EndpointName": NAME}
    if retained is not None:
        asked["RetainAllVariantProperties"] = retained
    if excluded:
        asked["ExcludeRetainedVariantProperties"] = [{"VariantPropertyType": e} for e in excluded]

    live = hosting.deploy(asked, "new")

    assert live.variants[VARIANT] == LiveVariant(instances=expected[0], weight=expected[1])
    assert live.config == "new"
    (described,) = hosting.client().describe_endpoint(EndpointName=NAME)["ProductionVariants"]
    assert (described["CurrentInstanceCount"], described["CurrentWeight"]) == expected


@pytest.mark.parametrize("retained", [True, False])
def test_the_capture_in_force_is_the_configs(hosting: Hosting, retained: bool) -> None:
    hosting.configs["silent"] = config(instances=2, capture=False)

    hosting.deploy({"EndpointName": NAME, "RetainAllVariantProperties": retained}, "silent")

    assert hosting.endpoints[NAME].capture is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RetainAllVariantProperties": False}, "goes with RetainAllVariantProperties"),
        ({"ExcludeRetainedVariantProperties": [{"VariantPropertyType": CAPTURE}]},
         "DataCaptureConfig is not currently supported"),
    ],
)  # fmt: skip
def test_an_exclusion_without_a_use_is_refused(
    hosting: Hosting, change: dict[str, Any], message: str
) -> None:
    excluded = [{"VariantPropertyType": INSTANCES}]
    asked = {**KEPT, "ExcludeRetainedVariantProperties": excluded, **change}

    with pytest.raises(ClientError, match=message):
        hosting.deploy(asked, "new")


def test_every_property_of_the_api_is_known_here() -> None:
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]

    assert set(shapes["VariantPropertyType"]["enum"]) == {INSTANCES, WEIGHT, CAPTURE}


def served(assembly: Assembly) -> Iterator[tuple[dict[str, Any], dict[str, Any], bool]]:
    """Each synthesized endpoint with its config, and whether something scales it."""
    for stack in assembly.stacks:
        values = assembly.intrinsics(stack)
        configs = dict(stack.resources("AWS::SageMaker::EndpointConfig"))
        for _, endpoint in stack.resources("AWS::SageMaker::Endpoint"):
            reference = endpoint["EndpointConfigName"]["Fn::GetAtt"][0]
            found: dict[str, Any] = values.value(dict(configs[reference]))
            yield values.value(dict(endpoint)), found, _is_scaled(stack)


def _is_scaled(stack: Stack) -> bool:
    targets: Mapping[str, Any] = dict(
        stack.resources("AWS::ApplicationAutoScaling::ScalableTarget")
    )
    return bool(targets)


def test_a_changed_fleet_size_arrives_where_nothing_scales_and_nowhere_else(
    assembly: Path,
) -> None:
    endpoints = list(served(Assembly(assembly)))

    assert {scaled for _, _, scaled in endpoints} == {True, False}
    for endpoint, stated, scaled in endpoints:
        (variant,) = stated["ProductionVariants"]
        size = variant["InitialInstanceCount"]
        larger = {**stated, "ProductionVariants": [{**variant, "InitialInstanceCount": size + 1}]}
        hosting = Hosting(configs={"old": stated, "new": larger})
        hosting.deploy(endpoint, "old")

        live = hosting.deploy(endpoint, "new")

        expected = size if scaled else size + 1
        assert live.variants[variant["VariantName"]].instances == expected, endpoint["EndpointName"]
        assert live.capture == stated.get("DataCaptureConfig")
