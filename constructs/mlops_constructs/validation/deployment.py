"""Reading how an endpoint is deployed: its policy, its fleet, the steps in which traffic moves."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_constructs.validation.template import Properties, Template, resources, text

ENDPOINT: Final = "AWS::SageMaker::Endpoint"
ENDPOINT_CONFIG: Final = "AWS::SageMaker::EndpointConfig"


def blue_green(endpoint: Properties) -> Mapping[str, Any]:
    """The blue/green policy of an endpoint, empty when it has none."""
    return dict(endpoint.get("DeploymentConfig", {}).get("BlueGreenUpdatePolicy", {}))


def routing(endpoint: Properties) -> Mapping[str, Any]:
    """How traffic moves to a new fleet, empty when nothing says so."""
    return dict(blue_green(endpoint).get("TrafficRoutingConfiguration", {}))


def rolling(endpoint: Properties) -> Mapping[str, Any]:
    """The rolling policy of an endpoint, empty when it has none."""
    return dict(endpoint.get("DeploymentConfig", {}).get("RollingUpdatePolicy", {}))


def is_rolling(endpoint: Properties) -> bool:
    """Whether an endpoint is updated batch by batch, with no second fleet."""
    deployment = endpoint.get("DeploymentConfig", {})
    return "RollingUpdatePolicy" in deployment and "BlueGreenUpdatePolicy" not in deployment


def update_policy(endpoint: Properties) -> tuple[str, Mapping[str, Any]]:
    """Name and value of the one policy by which an endpoint is updated."""
    if is_rolling(endpoint):
        return "RollingUpdatePolicy", rolling(endpoint)
    return "BlueGreenUpdatePolicy", blue_green(endpoint)


def stepping(endpoint: Properties) -> tuple[str, Mapping[str, Any]]:
    """Where the size and the wait of a step are stated, below DeploymentConfig, and what is."""
    if is_rolling(endpoint):
        return update_policy(endpoint)
    return "BlueGreenUpdatePolicy.TrafficRoutingConfiguration", routing(endpoint)


def guarded(template: Template) -> Iterator[tuple[str, Properties]]:
    """Endpoints whose traffic moves in steps."""
    for logical_id, endpoint in resources(template, ENDPOINT):
        if is_rolling(endpoint) or routing(endpoint).get("Type") in ("CANARY", "LINEAR"):
            yield logical_id, endpoint


def config_of(template: Template, endpoint: Properties) -> Properties | None:
    """The endpoint's config, when the same template makes it."""
    wanted = text(endpoint.get("EndpointConfigName"))
    for logical_id, config in resources(template, ENDPOINT_CONFIG):
        if wanted in (
            f"${{{logical_id}.EndpointConfigName}}",
            text(config.get("EndpointConfigName")),
        ):
            return config
    return None


def variants(template: Template, endpoint: Properties) -> list[Mapping[str, Any]]:
    """The endpoint's production variants, as far as the template knows them."""
    config = config_of(template, endpoint)
    return list(config.get("ProductionVariants", [])) if config else []


def step_size(endpoint: Properties) -> tuple[str, Any]:
    """Name and value of the size that this kind of deployment needs."""
    if is_rolling(endpoint):
        name = "MaximumBatchSize"
    else:
        name = "CanarySize" if routing(endpoint).get("Type") == "CANARY" else "LinearStepSize"
    return name, stepping(endpoint)[1].get(name)
