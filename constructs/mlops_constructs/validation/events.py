"""Event patterns: JSON in which a misspelt key matches nothing, silently and forever."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template, resources

_RULE: Final = "AWS::Events::Rule"
_KEYS: Final = frozenset(
    ("account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version")
)


def _patterns(template: Template) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, properties in resources(template, _RULE):
        if "EventPattern" in properties:
            yield logical_id, properties["EventPattern"]


@rule(
    "ML042",
    why="detailType or detail_type is valid JSON and matches no event ever",
    remedy="use source, detail-type, detail, account, region, resources; join them by $or",
)
def pattern_keys_exist(template: Template) -> Iterator[Fault]:
    """An event pattern uses the keys that events have."""
    for logical_id, pattern in _patterns(template):
        for key in sorted(set(_top_keys(pattern)) - _KEYS):
            where = "Properties.EventPattern"
            yield Fault(logical_id=logical_id, where=where, detail=f"no event has {key!r}")


def _top_keys(pattern: Mapping[str, Any]) -> Iterator[str]:
    for key, value in pattern.items():
        if key != "$or":
            yield key
            continue
        for alternative in value:
            yield from _top_keys(alternative)


@rule(
    "ML043",
    why="a bare string in a pattern is refused on deployment",
    remedy="put the value into a list",
)
def pattern_values_are_lists(template: Template) -> Iterator[Fault]:
    """An event pattern matches lists or filters, never bare values."""
    for logical_id, pattern in _patterns(template):
        for path in _bare_values(pattern, "EventPattern"):
            yield Fault(logical_id=logical_id, where=f"Properties.{path}", detail="a bare value")


def _bare_values(pattern: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in pattern.items():
        if isinstance(value, Mapping):
            yield from _bare_values(value, f"{path}.{key}")
        elif not isinstance(value, list):
            yield f"{path}.{key}"


@rule(
    "ML044",
    why="an event that a target refuses is otherwise gone after the last retry, and nobody knows",
    remedy="give the target a DeadLetterConfig",
)
def undelivered_is_kept(template: Template) -> Iterator[Fault]:
    """What cannot be delivered is kept."""
    for logical_id, target in _deliveries(template):
        if not target.get("DeadLetterConfig", {}).get("Arn"):
            where = "Properties.DeadLetterConfig"
            yield Fault(logical_id=logical_id, where=where, detail="a target without a queue")


def _deliveries(template: Template) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, properties in resources(template, _RULE):
        for target in properties.get("Targets", []):
            yield logical_id, target
    for logical_id, properties in resources(template, "AWS::Scheduler::Schedule"):
        yield logical_id, properties.get("Target", {})


@rule(
    "ML045",
    why="a bus of one's own is there for other accounts; whoever joins it later would be heard too",
    remedy="name the accounts in the pattern",
)
def senders_are_named(template: Template) -> Iterator[Fault]:
    """A rule on a bus other than the default one says whom it hears."""
    for logical_id, properties in resources(template, _RULE):
        bus = properties.get("EventBusName", "default")
        if bus != "default" and not properties.get("EventPattern", {}).get("account"):
            where = "Properties.EventPattern"
            yield Fault(logical_id=logical_id, where=where, detail="it hears every account")


RULES: Final = (
    pattern_keys_exist,
    pattern_values_are_lists,
    undelivered_is_kept,
    senders_are_named,
)
