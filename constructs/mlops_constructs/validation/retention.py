"""Resources that outlive their stack: they can be created again, and others can still use them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template, is_literal, resources, text

_RETAINED: Final = ("Retain", "RetainExceptOnCreate")
# Rules refuse a name for these, and whoever reports a rollback reads what was taken back.
_UNNAMED: Final = ("AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Model")
# The property of a guard that names what it guards.
_GUARDED: Final = {
    "AWS::KMS::Alias": "TargetKeyId",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}


@rule(
    "ML095",
    why="a failed first creation would keep its name, and the retry ends with `already exists`",
    remedy="apply RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE",
)
def failed_creations_leave_nothing(template: Template) -> Iterator[Fault]:
    """A resource is retained except when its creation fails."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource.get("DeletionPolicy") == "Retain" and resource["Type"] not in _UNNAMED:
            yield Fault(logical_id=logical_id, where="DeletionPolicy", detail="it is Retain")


@rule(
    "ML096",
    why="data without its key, alias, policy or log bucket is lost to those who depend on it",
    remedy="apply the same removal policy to both",
)
def retained_resources_stay_usable(template: Template) -> Iterator[Fault]:
    """What a retained resource needs, and what guards it, is retained with it."""
    for logical_id, needed in _needs(template):
        if _is_retained(template, logical_id) and not _is_retained(template, needed):
            detail = f"{logical_id} is retained and needs it"
            yield Fault(logical_id=needed, where="DeletionPolicy", detail=detail)


def _needs(template: Template) -> Iterator[tuple[str, str]]:
    """Each resource with another one of the template that it cannot do without."""
    for logical_id, resource in template.get("Resources", {}).items():
        properties = resource.get("Properties", {})
        guarded = _GUARDED.get(resource["Type"])
        if guarded is None:
            yield from ((logical_id, other) for other in _references(template, properties))
        else:
            for other in _references(template, properties.get(guarded)):
                yield other, logical_id


def _references(template: Template, value: Any) -> set[str]:
    """Logical ids of the template's resources that a value refers to."""
    if isinstance(value, list):
        return {found for inner in value for found in _references(template, inner)}
    if not isinstance(value, Mapping):
        return set()
    named = value.get("Ref") or next(iter(value.get("Fn::GetAtt", [])), None)
    if named in template["Resources"]:
        return {str(named)}
    return {found for inner in value.values() for found in _references(template, inner)}


def _is_retained(template: Template, logical_id: str) -> bool:
    """Whether it stays for people; what waits for the janitor needs nothing any more."""
    resource = template["Resources"][logical_id]
    return resource.get("DeletionPolicy") in _RETAINED and resource["Type"] not in _UNNAMED


@rule(
    "ML097",
    why="EventBridge knows a statement by its id in the account: another bus's would replace it",
    remedy="begin the id with the name of the bus",
)
def bus_statements_are_the_buses_own(template: Template) -> Iterator[Fault]:
    """A statement of an event bus is named after the bus."""
    for logical_id, policy in resources(template, "AWS::Events::EventBusPolicy"):
        statement, bus = policy.get("StatementId"), policy.get("EventBusName")
        name = _bus_name(template, bus)
        if not is_literal(statement) or not str(statement).startswith(f"{name}-"):
            where = "Properties.StatementId"
            yield Fault(logical_id=logical_id, where=where, detail=f"{text(statement)} on {name}")


def _bus_name(template: Template, bus: Any) -> str:
    if isinstance(bus, Mapping) and bus.get("Ref") in template["Resources"]:
        return text(template["Resources"][bus["Ref"]]["Properties"].get("Name"))
    return text(bus)


RULES: Final = (
    failed_creations_leave_nothing,
    retained_resources_stay_usable,
    bus_statements_are_the_buses_own,
)
