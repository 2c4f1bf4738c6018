"""Rollback alarms from one release to the next: fresh, quick, and of the release they judge."""

from collections.abc import Iterator
from typing import Final

from mlops_constructs.validation.deployment import config_of, guarded
from mlops_constructs.validation.releases import watched
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Properties, Template, items, resources, text

_MODEL: Final = "AWS::SageMaker::Model"
_TAG: Final = "mlops:release"
_MOST_DATAPOINTS: Final = 2


def _release_of(template: Template, endpoint: Properties) -> str | None:
    """Hash of the release, from the tag of the endpoint's config."""
    config = config_of(template, endpoint) or {}
    tags = {tag["Key"]: text(tag["Value"]) for tag in config.get("Tags", [])}
    return tags.get(_TAG)


@rule(
    "ML024",
    why="a canary's alarm that waits for three bad minutes lets the bake pass",
    remedy="use at most 2 data points to alarm",
)
def few_datapoints_decide(template: Template) -> Iterator[Fault]:
    """One or two bad periods roll a release back."""
    for _, _, logical_id, alarm in watched(template):
        needed = int(alarm.get("DatapointsToAlarm", alarm.get("EvaluationPeriods", 1)))
        if needed > _MOST_DATAPOINTS:
            where = "Properties.DatapointsToAlarm"
            yield Fault(logical_id=logical_id, where=where, detail=f"it needs {needed}")


@rule(
    "ML025",
    why="an updated alarm keeps its state: the last release's red alarm would stop the next one",
    remedy=f"end the alarm's name with the config's tag {_TAG}",
)
def alarms_are_fresh(template: Template) -> Iterator[Fault]:
    """Each release has rollback alarms of its own."""
    for _, endpoint, logical_id, alarm in watched(template):
        release, name = _release_of(template, endpoint), text(alarm.get("AlarmName"))
        if release is None or not name.endswith(f"-{release}"):
            where = "Properties.AlarmName"
            detail = f"{name} does not end in the release {release}"
            yield Fault(logical_id=logical_id, where=where, detail=detail)


@rule(
    "ML026",
    why="an update to the config in force is undocumented: settings must travel with a new config",
    remedy="put the release's hash into the container's environment as MODEL_RELEASE",
)
def settings_travel_with_the_config(template: Template) -> Iterator[Fault]:
    """The model carries the release, so that any change of it replaces model and config."""
    for _, endpoint in guarded(template):
        release = _release_of(template, endpoint)
        for logical_id, model in resources(template, _MODEL):
            for container in items(model.get("Containers")):
                if container.get("Environment", {}).get("MODEL_RELEASE") != release:
                    where = "Properties.Containers.0.Environment.MODEL_RELEASE"
                    detail = f"it is not {release}"
                    yield Fault(logical_id=logical_id, where=where, detail=detail)


@rule(
    "ML027",
    why="CloudWatch drops data of any other unit without a word, and SageMaker's units are odd",
    remedy="leave Unit out",
)
def alarms_take_every_unit(template: Template) -> Iterator[Fault]:
    """A rollback alarm asks for no unit."""
    for _, _, logical_id, alarm in watched(template):
        if "Unit" in alarm:
            where = "Properties.Unit"
            yield Fault(logical_id=logical_id, where=where, detail=f"it is {alarm['Unit']}")


RULES: Final = (
    few_datapoints_decide,
    alarms_are_fresh,
    settings_travel_with_the_config,
    alarms_take_every_unit,
)
