"""Who hears of a rollback: SageMaker itself tells nobody, and calls the endpoint InService."""

from collections.abc import Iterator
from typing import Final

from mlops_constructs.validation.deployment import guarded
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Properties, Template, resources, text

_RULE: Final = "AWS::Events::Rule"
_CHANGES: Final = ("SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change")


@rule(
    "ML028",
    why="a rollback ends InService, and a stack that failed by it deploys nothing that could look",
    remedy="send both kinds of change of exactly this endpoint to a target, whatever their status",
)
def rollbacks_are_noticed(template: Template) -> Iterator[Fault]:
    """Every change of a guarded endpoint's state notifies somebody."""
    for logical_id, endpoint in guarded(template):
        name = text(endpoint.get("EndpointName"))
        missing = [change for change in _CHANGES if not _is_heard(template, change, name)]
        if missing:
            detail = f"not reported: {', '.join(missing)}"
            yield Fault(logical_id=logical_id, where="Properties.EndpointName", detail=detail)


def _is_heard(template: Template, change: str, endpoint: str) -> bool:
    return any(_hears(found, change, endpoint) for _, found in resources(template, _RULE))


def _hears(found: Properties, change: str, endpoint: str) -> bool:
    """Whether a rule lets every such event of the endpoint through to a target."""
    pattern = found.get("EventPattern", {})
    return (
        pattern.keys() == {"source", "detail-type", "detail"}
        and pattern["source"] == ["aws.sagemaker"]
        and change in pattern["detail-type"]
        # An event's status is written in other words than the API's; a filter on it lets none by.
        and pattern["detail"].keys() == {"EndpointName"}
        and endpoint in map(text, pattern["detail"]["EndpointName"])
        and bool(found.get("Targets"))
        and found.get("State") != "DISABLED"
    )


RULES: Final = (rollbacks_are_noticed,)
