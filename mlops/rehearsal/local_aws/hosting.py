"""SageMaker's endpoints as CloudFormation updates them: what an update keeps of the live one.

The state is what an operator or the scaling has made of an endpoint; the requests are made from the
synthesized properties as CloudFormation makes them, and held against the API's model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import boto3

from mlops.aws_api.stand_in import Answer, RefusedError, answer_calls

INSTANCES: Final = "DesiredInstanceCount"
WEIGHT: Final = "DesiredWeight"
CAPTURE: Final = "DataCaptureConfig"
"""In the API's list of properties, and "not currently supported" (VariantProperty)."""
_UPDATE: Final = ("RetainAllVariantProperties", "ExcludeRetainedVariantProperties")
_MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)
Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LiveVariant:
    """A variant as it is in force."""

    instances: int | None
    """None: serverless, which has no instances of its own."""
    weight: float


@dataclass(frozen=True, kw_only=True)
class LiveEndpoint:
    """An endpoint as it is in force."""

    config: str
    variants: Mapping[str, LiveVariant]
    capture: Properties | None


@dataclass(kw_only=True)
class Hosting:
    """The endpoints of one account and region."""

    configs: dict[str, Properties] = field(default_factory=dict)
    """Properties of AWS::SageMaker::EndpointConfig by name."""
    endpoints: dict[str, LiveEndpoint] = field(default_factory=dict)

    def client(self) -> Any:
        """A SageMaker client whose calls are answered here."""
        session = boto3.Session(
            region_name="eu-west-1",
            aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",  # noqa: S106  # signs requests that are never sent
        )
        return answer_calls(session.client("sagemaker"), self._answer)

    def deploy(self, endpoint: Properties, config: str) -> LiveEndpoint:
        """Create or update an endpoint from its synthesized properties, as CloudFormation does.

        Raises:
            ClientError: SageMaker would refuse.
        """
        name = endpoint["EndpointName"]
        request: dict[str, Any] = {"EndpointName": name, "EndpointConfigName": config}
        if name not in self.endpoints:
            self.client().create_endpoint(**request)
        else:
            kept = {key: endpoint[key] for key in _UPDATE if key in endpoint}
            self.client().update_endpoint(**request, **kept)
        return self.endpoints[name]

    def _answer(self, operation: str, asked: Mapping[str, Any]) -> Answer:
        operations: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "CreateEndpoint": self._create,
            "DescribeEndpoint": self._describe,
            "UpdateEndpoint": self._update,
            "UpdateEndpointWeightsAndCapacities": self._scale,
        }
        if operation not in operations:
            raise RefusedError("UnknownOperationException", f"{operation} is not rehearsed")
        return operations[operation](asked)

    def _create(self, asked: Mapping[str, Any]) -> Answer:
        if asked["EndpointName"] in self.endpoints:
            raise RefusedError("ValidationException", "the endpoint exists already")
        self.endpoints[asked["EndpointName"]] = self._stated(asked["EndpointConfigName"])
        return {"EndpointArn": _arn(asked["EndpointName"])}

    def _update(self, asked: Mapping[str, Any]) -> Answer:
        excluded = _excluded(asked)
        live = self._live(asked["EndpointName"])
        wanted = self._stated(asked["EndpointConfigName"])
        if asked.get("RetainAllVariantProperties"):
            # A variant of another name is a new one, of which nothing is live to be kept.
            kept = {
                name: _kept(live.variants.get(name, stated), stated, excluded)
                for name, stated in wanted.variants.items()
            }
            wanted = replace(wanted, variants=kept)
        self.endpoints[asked["EndpointName"]] = wanted
        return {"EndpointArn": _arn(asked["EndpointName"])}

    def _scale(self, asked: Mapping[str, Any]) -> Answer:
        live = self._live(asked["EndpointName"])
        variants = dict(live.variants)
        for wanted in asked["DesiredWeightsAndCapacities"]:
            before = variants[wanted["VariantName"]]
            variants[wanted["VariantName"]] = LiveVariant(
                instances=wanted.get("DesiredInstanceCount", before.instances),
                weight=wanted.get("DesiredWeight", before.weight),
            )
        self.endpoints[asked["EndpointName"]] = replace(live, variants=variants)
        return {"EndpointArn": _arn(asked["EndpointName"])}

    def _describe(self, asked: Mapping[str, Any]) -> Answer:
        live = self._live(asked["EndpointName"])
        return {
            "EndpointName": asked["EndpointName"],
            "EndpointArn": _arn(asked["EndpointName"]),
            "EndpointConfigName": live.config,
            "EndpointStatus": "InService",
            "CreationTime": _MOMENT,
            "LastModifiedTime": _MOMENT,
            "ProductionVariants": [
                {"VariantName": name, "CurrentWeight": variant.weight}
                | ({} if variant.instances is None else {"CurrentInstanceCount": variant.instances})
                for name, variant in live.variants.items()
            ],
        }

    def _live(self, name: str) -> LiveEndpoint:
        if name not in self.endpoints:
            raise RefusedError("ValidationException", f'Could not find endpoint "{name}".')
        return self.endpoints[name]

    def _stated(self, config: str) -> LiveEndpoint:
        """The endpoint as a config alone would have it."""
        if config not in self.configs:
            raise RefusedError(
                "ValidationException", f'Could not find endpoint configuration "{config}".'
            )
        stated = self.configs[config]
        return LiveEndpoint(
            config=config,
            variants={
                variant["VariantName"]: LiveVariant(
                    instances=variant.get("InitialInstanceCount"),
                    weight=variant.get("InitialVariantWeight", 1.0),
                )
                for variant in stated["ProductionVariants"]
            },
            capture=stated.get("DataCaptureConfig"),
        )


def _excluded(asked: Mapping[str, Any]) -> frozenset[str]:
    """The properties that come from the config although the others are kept.

    Raises:
        RefusedError: they are named without a use, which the API's reference rules out.
    """
    found = asked.get("ExcludeRetainedVariantProperties", ())
    excluded = frozenset(one["VariantPropertyType"] for one in found)
    if excluded and not asked.get("RetainAllVariantProperties"):
        raise RefusedError(
            "ValidationException",
            "ExcludeRetainedVariantProperties goes with RetainAllVariantProperties",
        )
    if CAPTURE in excluded:
        raise RefusedError("ValidationException", f"{CAPTURE} is not currently supported")
    return excluded


def _kept(live: LiveVariant, stated: LiveVariant, excluded: frozenset[str]) -> LiveVariant:
    return LiveVariant(
        instances=stated.instances if INSTANCES in excluded else live.instances,
        weight=stated.weight if WEIGHT in excluded else live.weight,
    )


def _arn(name: str) -> str:
    return f"arn:aws:sagemaker:eu-west-1:000000000000:endpoint/{name}"
