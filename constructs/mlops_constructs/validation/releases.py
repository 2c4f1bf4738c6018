"""Releases: what ties a model, its config and its alarms together, so that one can go back."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from mlops_constructs.validation.alarm_metrics import rollback_alarms
from mlops_constructs.validation.deployment import ENDPOINT_CONFIG, config_of, guarded
from mlops_constructs.validation.policies import Statement, allowing
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Properties, Template, items, resources, text

_MODEL: Final = "AWS::SageMaker::Model"
_VARIANT: Final = "AllTraffic"
_CAPTURED_TYPES: Final = ("CsvContentTypes", "JsonContentTypes")


def watched(template: Template) -> Iterator[tuple[str, Properties, str, Properties]]:
    """Each guarded endpoint with each rollback alarm that the template holds, by their ids."""
    ids = {id(alarm): id_ for id_, alarm in resources(template, "AWS::CloudWatch::Alarm")}
    for endpoint_id, endpoint in guarded(template):
        for _, alarm in rollback_alarms(template, endpoint):
            if alarm is not None:
                yield endpoint_id, endpoint, ids[id(alarm)], alarm


@rule(
    "ML014",
    why="an alarm that is created during the update watches nothing, and a name is not a reference",
    remedy="refer to the alarm resource, or name it in DependsOn",
)
def alarms_come_first(template: Template) -> Iterator[Fault]:
    """An endpoint waits for the alarms that roll it back."""
    for endpoint_id, endpoint, alarm_id, _ in watched(template):
        waits = items(template["Resources"][endpoint_id].get("DependsOn"))
        if alarm_id not in waits and f"'{alarm_id}'" not in repr(endpoint.get("DeploymentConfig")):
            detail = f"it does not wait for {alarm_id}"
            yield Fault(logical_id=endpoint_id, where="DependsOn", detail=detail)


@rule(
    "ML015",
    why="a variant cannot be renamed under guardrails or auto scaling: the update fails",
    remedy=f"call the variant {_VARIANT}, in every release",
)
def variant_is_constant(template: Template) -> Iterator[Fault]:
    """A guarded endpoint's variant has the one name that never changes."""
    for _, endpoint in guarded(template):
        for variant in (config_of(template, endpoint) or {}).get("ProductionVariants", []):
            if text(variant.get("VariantName")) != _VARIANT:
                where = "Properties.ProductionVariants"
                name = text(variant.get("VariantName"))
                yield Fault(logical_id=_config_id(template), where=where, detail=f"it is {name}")


def _config_id(template: Template) -> str:
    return next(id_ for id_, _ in resources(template, ENDPOINT_CONFIG))


@rule(
    "ML016",
    why="a rolled-back endpoint still runs the old ones, which the clean-up would delete under it",
    remedy="set UpdateReplacePolicy to Retain, and clear up later what no endpoint uses",
)
def replaced_releases_are_kept(template: Template) -> Iterator[Fault]:
    """Models and endpoint configs are kept when a release replaces them."""
    if not any(guarded(template)):
        return
    for logical_id, _ in resources(template, _MODEL, ENDPOINT_CONFIG):
        found = template["Resources"][logical_id].get("UpdateReplacePolicy")
        if found != "Retain":
            where = "UpdateReplacePolicy"
            yield Fault(logical_id=logical_id, where=where, detail=f"it is {found}")


@rule(
    "ML017",
    why="SageMaker looks at the alarms with the model's role; without the right nothing rolls back",
    remedy="allow cloudwatch:DescribeAlarms on the prefix of the alarms' names",
)
def alarms_can_be_seen(template: Template) -> Iterator[Fault]:
    """The execution role may see every rollback alarm."""
    for _, _, _, alarm in watched(template):
        name = text(alarm.get("AlarmName"))
        for role_id in _roles(template):
            if not any(_sees(statement, name) for statement in _allowed(template, role_id)):
                detail = f"it cannot see {name}"
                yield Fault(logical_id=role_id, where="Properties.Policies", detail=detail)


def _roles(template: Template) -> set[str]:
    """The roles of this stack under which models run."""
    found = {text(model.get("ExecutionRoleArn")) for _, model in resources(template, _MODEL)}
    return {id_ for id_, _ in resources(template, "AWS::IAM::Role") if f"${{{id_}.Arn}}" in found}


def _allowed(template: Template, role_id: str) -> Iterator[Statement]:
    for statement in allowing(template, "identity"):
        if statement.logical_id == role_id:
            yield statement


def _sees(statement: Statement, alarm: str) -> bool:
    names = [resource.rpartition(":alarm:")[2] for resource in statement.resources]
    return "cloudwatch:DescribeAlarms" in statement.actions and any(
        fnmatchcase(alarm, name) for name in names
    )


@rule(
    "ML018",
    why="for a new config SageMaker switches on a paid extra that nobody asked for",
    remedy="state MetricsConfig with both switches",
)
def metrics_are_stated(template: Template) -> Iterator[Fault]:
    """An endpoint config states which metrics it publishes."""
    for logical_id, config in resources(template, ENDPOINT_CONFIG):
        stated: Mapping[str, Any] = config.get("MetricsConfig", {})
        for switch in ("EnableDetailedObservability", "EnableEnhancedMetrics"):
            if switch not in stated:
                where = "Properties.MetricsConfig"
                yield Fault(logical_id=logical_id, where=where, detail=f"{switch} is missing")


@rule(
    "ML019",
    why="what is not listed is stored in base64, and no reader of captures expects that",
    remedy="list text/csv and application/json in CaptureContentTypeHeader",
)
def captures_are_readable(template: Template) -> Iterator[Fault]:
    """Captured requests and answers are stored as they travelled."""
    for logical_id, config in resources(template, ENDPOINT_CONFIG):
        capture = config.get("DataCaptureConfig")
        if capture is None:
            continue
        missing = [
            t for t in _CAPTURED_TYPES if t not in capture.get("CaptureContentTypeHeader", {})
        ]
        if missing:
            where = "Properties.DataCaptureConfig.CaptureContentTypeHeader"
            yield Fault(logical_id=logical_id, where=where, detail=f"no {', '.join(missing)}")


RULES: Final = (
    alarms_come_first,
    variant_is_constant,
    replaced_releases_are_kept,
    alarms_can_be_seen,
    metrics_are_stated,
    captures_are_readable,
)
