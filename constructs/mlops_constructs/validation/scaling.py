"""Auto scaling of endpoint variants, whose target is a string that nothing else checks."""

from collections.abc import Iterator
from typing import Final

from mlops_constructs.validation.deployment import ENDPOINT, guarded, variants
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Properties, Template, number, resources, text

_TARGET: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
_DIMENSION: Final = "sagemaker:variant:DesiredInstanceCount"


def _targets(template: Template) -> Iterator[tuple[str, Properties]]:
    for logical_id, target in resources(template, _TARGET):
        if target.get("ServiceNamespace") == "sagemaker":
            yield logical_id, target


def _resource_ids(template: Template, endpoints: Iterator[tuple[str, Properties]]) -> set[str]:
    """How scaling names the variants of these endpoints."""
    return {
        f"endpoint/{name}/variant/{text(variant.get('VariantName'))}"
        for logical_id, endpoint in endpoints
        for name in (f"${{{logical_id}.EndpointName}}", text(endpoint.get("EndpointName")))
        for variant in variants(template, endpoint)
    }


def is_scaled(template: Template, logical_id: str, endpoint: Properties) -> bool:
    """Whether a scalable target of the template is a variant of the endpoint."""
    known = _resource_ids(template, iter([(logical_id, endpoint)]))
    return any(text(target.get("ResourceId")) in known for _, target in _targets(template))


@rule(
    "ML030",
    why="a target on another name is created without complaint and scales nothing, or someone else",
    remedy="build ResourceId from the endpoint's own name and variant",
)
def target_exists(template: Template) -> Iterator[Fault]:
    """A scalable target is a variant of an endpoint of the stack."""
    known = _resource_ids(template, resources(template, ENDPOINT))
    for logical_id, target in _targets(template):
        found = text(target.get("ResourceId"))
        if found not in known:
            where = "Properties.ResourceId"
            yield Fault(logical_id=logical_id, where=where, detail=f"{found} is not in this stack")


@rule(
    "ML031",
    why="the service refuses such a target, in the deployment",
    remedy="raise MaxCapacity or lower MinCapacity",
)
def bounds_are_ordered(template: Template) -> Iterator[Fault]:
    """The largest fleet is not smaller than the smallest."""
    for logical_id, target in resources(template, _TARGET):
        low, high = number(target.get("MinCapacity")), number(target.get("MaxCapacity"))
        if low is not None and high is not None and high < low:
            where = "Properties.MaxCapacity"
            yield Fault(logical_id=logical_id, where=where, detail=f"{high:g} is below {low:g}")


@rule(
    "ML032",
    why="the dimension is free text to every template validator",
    remedy=f"set ScalableDimension to {_DIMENSION}",
)
def dimension_is_instances(template: Template) -> Iterator[Fault]:
    """A variant scales by its number of instances."""
    for logical_id, target in _targets(template):
        found = target.get("ScalableDimension")
        if "/variant/" in text(target.get("ResourceId")) and found != _DIMENSION:
            where = "Properties.ScalableDimension"
            yield Fault(logical_id=logical_id, where=where, detail=f"it is {found}")


@rule(
    "ML033",
    why="half of one instance is none: the next release would be refused",
    remedy="set MinCapacity to 2 or more",
)
def canary_keeps_two(template: Template) -> Iterator[Fault]:
    """Scaling never goes below two instances behind a canary."""
    canaries = _resource_ids(template, guarded(template))
    for logical_id, target in _targets(template):
        low = number(target.get("MinCapacity"))
        if text(target.get("ResourceId")) in canaries and low is not None and low < 2:  # noqa: PLR2004  # see the title
            where = "Properties.MinCapacity"
            yield Fault(logical_id=logical_id, where=where, detail=f"it is {low:g}")


@rule(
    "ML034",
    why="without a reference the target may be made before its endpoint, and outlive it",
    remedy="build ResourceId from the endpoint's attribute EndpointName",
)
def targets_follow_their_endpoint(template: Template) -> Iterator[Fault]:
    """A scalable target refers to its endpoint."""
    known = [f"${{{logical_id}.EndpointName}}" for logical_id, _ in resources(template, ENDPOINT)]
    for logical_id, target in _targets(template):
        found = text(target.get("ResourceId"))
        if found.startswith("endpoint/") and not any(name in found for name in known):
            where = "Properties.ResourceId"
            yield Fault(logical_id=logical_id, where=where, detail=f"{found} is not a reference")


RULES: Final = (
    target_exists,
    bounds_are_ordered,
    dimension_is_instances,
    canary_keeps_two,
    targets_follow_their_endpoint,
)
