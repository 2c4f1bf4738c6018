"""Reads a guarded endpoint from the synthesized template: what will be rehearsed is what would run.

Every number of a rehearsal comes from here: fleet, shares, waits, alarms, the least traffic that a
verdict needs. A template under which no alarm could protect anybody is refused with the rule that
it breaks: rehearsing it would show nothing but that.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mlops.rehearsal.canary.endpoint import GuardedEndpoint, RollbackAlarm, Step
from mlops.rehearsal.canary.rules import broken_deployment, broken_guard, refusal
from mlops.rehearsal.local_aws.assembly import Assembly, Stack, SynthesizedFunction
from mlops.rehearsal.local_aws.intrinsics import Intrinsics, Place, TemplateError
from mlops.rollout import (
    Alarm,
    CanaryPolicy,
    Comparison,
    Formula,
    MissingData,
    Strategy,
)
from mlops.rollout.metric_math import formula_of
from mlops.rollout.published import is_own, missing

ENDPOINT: Final = "AWS::SageMaker::Endpoint"
CONFIG: Final = "AWS::SageMaker::EndpointConfig"
MODEL: Final = "AWS::SageMaker::Model"
ALARM: Final = "AWS::CloudWatch::Alarm"
TARGET: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
_STRATEGIES: Final[Mapping[str, Strategy]] = {
    "ALL_AT_ONCE": "all-at-once",
    "CANARY": "canary",
    "LINEAR": "linear",
}
Properties = Mapping[str, Any]
_UNSERVED: Final = "pin a version of the model in config/releases.yaml, then run `make synth`"


def guarded_endpoint(assembly: Assembly, name: str, *, remedy: str = _UNSERVED) -> GuardedEndpoint:
    """The endpoint with this name, as it was synthesized; without one, the remedy is told.

    Raises:
        TemplateError: no stack has it, or it says something that cannot be evaluated.
        BrokenRuleError: it breaks a rule of guarded deployments.
    """
    for stack in assembly.stacks:
        values = assembly.intrinsics(stack)
        for _, properties in stack.resources(ENDPOINT):
            if values.value(properties.get("EndpointName")) == name:
                reading = _Reading(assembly=assembly, stack=stack, values=values, name=name)
                return reading.endpoint(properties)
    raise TemplateError(f"{assembly.folder}: has no endpoint {name}; remedy: {remedy}")


def prober_of(assembly: Assembly, endpoint: str) -> tuple[SynthesizedFunction, Place] | None:
    """The function that probes an endpoint, and where it runs; None where nothing probes it."""
    for stack in assembly.stacks:
        values = assembly.intrinsics(stack)
        for logical_id, properties in stack.resources("AWS::Lambda::Function"):
            settings = _evaluated(properties.get("Environment", {}).get("Variables", {}), values)
            if settings.get("ENDPOINT_NAME") == endpoint and "PROBES_PER_MINUTE" in settings:
                return assembly.function(values.arn(logical_id)), stack.place
    return None


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One endpoint being read."""

    assembly: Assembly
    stack: Stack
    values: Intrinsics
    name: str

    def endpoint(self, properties: Properties) -> GuardedEndpoint:
        config = self._config(properties)
        variants = config.get("ProductionVariants", [])
        deployment = self.values.value(self._deployment(properties))
        broken = list(broken_deployment(variants, deployment, properties))
        if broken:
            raise refusal(self.name, broken)
        policy, steps = _policy(deployment, int(variants[0].get("InitialInstanceCount", 1)))
        endpoint = GuardedEndpoint(
            name=self.name,
            stack=self.stack.place.stack,
            instances=int(variants[0].get("InitialInstanceCount", 1)),
            policy=policy,
            steps=steps,
            final_bake_seconds=policy.final_bake_minutes * 60,
            alarms=tuple(self._alarms(properties, variants[0])),
            container_environment=self._container_environment(),
            scaling=self._scaling(),
            minimum_invocations=self._minimum_invocations(),
            probes_per_minute=self._probes_per_minute(),
        )
        broken = list(broken_guard(endpoint))
        if broken:
            raise refusal(self.name, broken)
        return replace(
            endpoint, final_bake_seconds=_blue_green(deployment).get("TerminationWaitInSeconds", 0)
        )

    def _config(self, endpoint: Properties) -> Properties:
        wanted = self.values.value(endpoint["EndpointConfigName"])
        for logical_id, properties in self.stack.resources(CONFIG):
            if wanted in (
                self.values.value({"Fn::GetAtt": [logical_id, "EndpointConfigName"]}),
                properties.get("EndpointConfigName"),
            ):
                config: Properties = self.values.value(properties)
                return config
        raise TemplateError(f"{self.name}: its endpoint config {wanted} is not in the stack")

    @staticmethod
    def _deployment(endpoint: Properties) -> Properties:
        """The deployment's settings but its alarms, whose names are told apart by reference."""
        given: Properties = endpoint.get("DeploymentConfig", {})
        return {key: value for key, value in given.items() if key != "AutoRollbackConfiguration"}

    def _alarms(self, endpoint: Properties, variant: Properties) -> Iterator[RollbackAlarm]:
        release = _Published(
            endpoint=self.name,
            variant=str(variant.get("VariantName")),
            config=str(self.values.value(endpoint["EndpointConfigName"])),
            version=self._version(variant),
        )
        by_name = self._alarms_by_name()
        rollback = endpoint.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        for entry in rollback.get("Alarms", []):
            name = self._alarm_name(entry["AlarmName"])
            if name not in by_name:
                raise refusal(
                    self.name,
                    [f"rolls back on the alarm {name}, which the stack does not have"],
                )
            yield release.alarm(name, self.values.value(by_name[name]))

    def _alarms_by_name(self) -> dict[str, Properties]:
        return {
            self.values.text(properties["AlarmName"]): properties
            for _, properties in self.stack.resources(ALARM)
            if "AlarmName" in properties
        }

    def _alarm_name(self, node: Any) -> str:
        """`Ref` of an alarm is its name."""
        if isinstance(node, dict) and "Ref" in node:
            resource = self.stack.template["Resources"].get(node["Ref"], {})
            if resource.get("Type") == ALARM:
                return self.values.text(resource["Properties"]["AlarmName"])
        return self.values.text(node)

    def _version(self, variant: Properties) -> str:
        """Number of the version behind a variant; "" where it names no version of the registry."""
        wanted = variant.get("ModelName")
        for logical_id, properties in self.stack.resources(MODEL):
            names = self.values.value({"Fn::GetAtt": [logical_id, "ModelName"]})
            if wanted in (names, self.values.value(properties.get("ModelName"))):
                package = _container(properties).get("ModelPackageName", "")
                return self.values.text(package).rpartition("/")[2]
        return ""

    def _container_environment(self) -> dict[str, str]:
        for _, properties in self.stack.resources(MODEL):
            given = self.values.value(_container(properties).get("Environment", {}))
            return {key: str(value) for key, value in given.items()}
        return {}

    def _scaling(self) -> tuple[int, int] | None:
        for _, properties in self.stack.resources(TARGET):
            if self.values.text(properties["ResourceId"]).startswith(f"endpoint/{self.name}/"):
                return int(properties["MinCapacity"]), int(properties["MaxCapacity"])
        return None

    def _minimum_invocations(self) -> int | None:
        """What the release check of this endpoint asks for, in whichever stack it is."""
        for properties in self._settings_that_name_the_endpoint():
            for key in ("MinimumInvocations", "minimum_invocations", "MINIMUM_INVOCATIONS"):
                if key in properties:
                    return int(properties[key])
        return None

    def _probes_per_minute(self) -> float:
        for properties in self._settings_that_name_the_endpoint():
            for key in ("ProbesPerMinute", "probes_per_minute", "PROBES_PER_MINUTE"):
                if key in properties:
                    return float(properties[key])
        return 0.0

    def _settings_that_name_the_endpoint(self) -> Iterator[Properties]:
        """Settings of custom resources, functions and scheduled events that concern it."""
        for stack in self.assembly.stacks:
            values = self.assembly.intrinsics(stack)
            for resource in stack.template.get("Resources", {}).values():
                for settings in _settings(resource, values):
                    if self.name in settings.values():
                        yield settings


def _container(model: Properties) -> Properties:
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    found: Properties = containers[0]
    return found


def _settings(resource: Mapping[str, Any], values: Intrinsics) -> Iterator[Properties]:
    kind, properties = resource["Type"], resource.get("Properties", {})
    if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
        yield _evaluated(properties, values)
    elif kind == "AWS::Lambda::Function":
        yield _evaluated(properties.get("Environment", {}).get("Variables", {}), values)
    elif kind == "AWS::Events::Rule":
        for target in properties.get("Targets", []):
            yield from _event(target.get("Input"), values)
    elif kind == "AWS::Scheduler::Schedule":
        yield from _event(properties.get("Target", {}).get("Input"), values)


def _evaluated(properties: Properties, values: Intrinsics) -> Properties:
    """Each property that can be evaluated; the rest concerns somebody else."""
    found = {}
    for key, node in properties.items():
        try:
            found[key] = values.value(node)
        except TemplateError:
            continue
    return {key: value for key, value in found.items() if isinstance(value, str | int | float)}


def _event(given: Any, values: Intrinsics) -> Iterator[Properties]:
    if given is None:
        return
    try:
        event = json.loads(values.text(given))
    except (TemplateError, ValueError):
        return
    if isinstance(event, dict):
        yield {key: value for key, value in event.items() if not isinstance(value, list | dict)}


@dataclass(frozen=True, kw_only=True)
class _Published:
    """Under which values of their dimensions the metrics of a release exist."""

    endpoint: str
    variant: str
    config: str
    version: str

    def alarm(self, name: str, given: Properties) -> RollbackAlarm:
        if any("Expression" in query for query in given.get("Metrics", [])):
            return self._computed(name, given)
        metric = _metric(name, given)
        dimensions = {entry["Name"]: str(entry["Value"]) for entry in metric["Dimensions"]}
        return RollbackAlarm(
            name=name,
            namespace=metric["Namespace"],
            metric=metric["MetricName"],
            scope="new-fleet" if _is_narrow(dimensions) else "endpoint",
            rule=_rule(name, given, metric),
            missing=self._missing(metric, dimensions),
        )

    def _computed(self, name: str, given: Properties) -> RollbackAlarm:
        """An alarm on metric math; its data points have no statistic of their own."""
        watched = {query["Id"]: _stat(query) for query in given["Metrics"] if "MetricStat" in query}
        if len({metric["Period"] for metric in watched.values()}) != 1:
            raise TemplateError(f"the alarm {name} computes with metrics of different periods")
        found = {
            id_: {entry["Name"]: str(entry["Value"]) for entry in metric["Dimensions"]}
            for id_, metric in watched.items()
        }
        missing = (self._missing(metric, found[id_]) for id_, metric in watched.items())
        first = next(iter(watched.values()))
        return RollbackAlarm(
            name=name,
            namespace=first["Namespace"],
            metric=first["MetricName"],
            scope="new-fleet" if any(map(_is_narrow, found.values())) else "endpoint",
            rule=_rule(name, given, {**first, "Statistic": "Average"}),
            formula=_formula(name, given),
            missing=next(filter(None, missing), None),
        )

    def _missing(self, metric: Properties, dimensions: Mapping[str, str]) -> str | None:
        """Why nothing publishes this metric; whether a model does so itself is not known here."""
        namespace, name = metric["Namespace"], metric["MetricName"]
        if is_own(namespace):
            return None
        described = missing(namespace, name, dimensions=dimensions, unit=metric.get("Unit"))
        if described is not None:
            return described
        known = {
            "EndpointName": self.endpoint,
            "VariantName": self.variant,
            "EndpointConfigName": self.config,
            "ModelVersion": self.version,
        }
        other = [
            f"{key} is {value}, and this release's is {known[key]}"
            for key, value in dimensions.items()
            if value != known[key]
        ]
        return "; ".join(other) or None


def _is_narrow(dimensions: Mapping[str, str]) -> bool:
    return "EndpointConfigName" in dimensions or "ModelVersion" in dimensions


def _formula(name: str, given: Properties) -> Formula:
    try:
        return formula_of(given["Metrics"])
    except ValueError as error:
        raise TemplateError(f"the alarm {name} cannot be evaluated: {error}") from error


def _rule(name: str, given: Properties, metric: Properties) -> Alarm:
    periods = int(given["EvaluationPeriods"])
    try:
        return Alarm(
            evaluation_periods=periods,
            datapoints_to_alarm=int(given.get("DatapointsToAlarm", periods)),
            threshold=float(given["Threshold"]),
            comparison=Comparison(given["ComparisonOperator"]),
            missing_data=MissingData(given.get("TreatMissingData", "missing")),
            period_seconds=int(metric["Period"]),
            statistic=metric["Statistic"],
            evaluate_low_samples=given.get("EvaluateLowSampleCountPercentile") != "ignore",
        )
    except ValueError as error:
        raise TemplateError(f"the alarm {name} cannot be evaluated: {error}") from error


def _metric(name: str, given: Properties) -> Properties:
    """The one metric of an alarm, whichever of CloudFormation's two forms it has."""
    if "Metrics" not in given:
        statistic = given.get("ExtendedStatistic") or given.get("Statistic")
        return {**given, "Statistic": statistic, "Dimensions": given.get("Dimensions", [])}
    queries = given["Metrics"]
    if len(queries) != 1 or "MetricStat" not in queries[0]:
        raise TemplateError(f"the alarm {name} has several metrics and no expression over them")
    return _stat(queries[0])


def _stat(query: Properties) -> Properties:
    """A metric as alarms on a single one write it."""
    stat = query["MetricStat"]
    metric = {"Dimensions": [], **stat["Metric"]}
    unit = {"Unit": stat["Unit"]} if "Unit" in stat else {}
    return {**metric, **unit, "Period": stat["Period"], "Statistic": stat["Stat"]}


def _blue_green(deployment: Properties) -> Properties:
    found: Properties = deployment.get("BlueGreenUpdatePolicy", {})
    return found


def _policy(deployment: Properties, instances: int) -> tuple[CanaryPolicy, tuple[Step, ...]]:
    """The deployment in our words, and its steps below the whole traffic."""
    blue_green = _blue_green(deployment)
    if not blue_green:
        rolling = deployment["RollingUpdatePolicy"]
        percent = _percent(rolling["MaximumBatchSize"], instances)
        wait = int(rolling.get("WaitIntervalInSeconds", 0))
        policy = _canary_policy("rolling", percent, wait, wait, rolling)
        return policy, _stairs(percent, wait)
    routing = blue_green["TrafficRoutingConfiguration"]
    strategy = _STRATEGIES[routing["Type"]]
    wait = int(routing.get("WaitIntervalInSeconds", 0))
    final = int(blue_green.get("TerminationWaitInSeconds", 0))
    size = routing.get("CanarySize") or routing.get("LinearStepSize")
    percent = _percent(size, instances) if size else 100.0
    policy = _canary_policy(strategy, percent, wait, final, blue_green)
    if strategy == "canary":
        return policy, (Step(share=percent / 100, bake_seconds=wait),)
    return policy, _stairs(percent, wait) if strategy == "linear" else ()


def _stairs(percent: float, wait: int) -> tuple[Step, ...]:
    count = max(1, round(100 / percent + 0.499))
    shares = (min(1.0, percent * (number + 1) / 100) for number in range(count))
    return tuple(Step(share=share, bake_seconds=wait) for share in shares)


def _percent(size: Properties, instances: int) -> float:
    value = float(size["Value"])
    return value if size["Type"] == "CAPACITY_PERCENT" else 100 * value / instances


def _canary_policy(
    strategy: Strategy, percent: float, wait: int, final: int, given: Properties
) -> CanaryPolicy:
    timeout = given.get("MaximumExecutionTimeoutInSeconds")
    return CanaryPolicy(
        strategy=strategy,
        size_percent=round(percent),
        bake_minutes=wait // 60,
        final_bake_minutes=final // 60,
        timeout_minutes=int(timeout) // 60 if timeout is not None else None,
    )
