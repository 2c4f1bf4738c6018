"""Whether the account may run both fleets of every release at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.deployment import Candidate, Deployment
from mlops.checks.live import NOT_FOUND
from mlops.checks.result import Finding, failed, passed, skipped

_FLEETS: Final = 2
"""A release runs the old and the new fleet side by side."""


@dataclass(frozen=True, kw_only=True)
class _Used:
    """Machines of one type behind one endpoint."""

    endpoint: str
    instance_type: str
    count: int


def room(deployment: Deployment) -> Iterator[tuple[str, Finding]]:
    """For every type of machine, the account's quota beside what the deployment may need."""
    types = sorted({candidate.instance_type for candidate in deployment.candidates})
    if not types:
        return
    used, quotas = list(_in_use(deployment.here)), _quotas(deployment.here)
    for type_ in types:
        of_type = [one for one in deployment.candidates if one.instance_type == type_]
        needed = _needed([one for one in used if one.instance_type == type_], of_type)
        yield f"{type_} for endpoint usage", _judged(type_, needed, quotas)


def _judged(type_: str, needed: int, quotas: Mapping[str, float]) -> Finding:
    limit = quotas.get(f"{type_} for endpoint usage")
    if limit is None:
        return skipped(f"Service Quotas names no quota for {type_}; {needed} may be needed")
    if needed > limit:
        return failed(
            f"{needed} may be needed, two fleets of each release included; the quota is "
            f"{limit:g}; remedy: ask Service Quotas for more"
        )
    return passed(f"{needed} of {limit:g} may be needed")


def _needed(used: list[_Used], candidates: list[Candidate]) -> int:
    """Both fleets of every release, as large as it is now at least, beside everybody else's."""
    ours = {candidate.endpoint for candidate in candidates}
    others = sum(one.count for one in used if one.endpoint not in ours)
    now = {one.endpoint: one.count for one in used}
    fleets = [max(one.min_instances, now.get(one.endpoint, 0)) for one in candidates]
    return others + _FLEETS * sum(fleets)


def _in_use(clients: Clients) -> Iterator[_Used]:
    sagemaker = clients("sagemaker")
    pages = sagemaker.get_paginator("list_endpoints").paginate()
    for name in [found["EndpointName"] for page in pages for found in page["Endpoints"]]:
        try:
            endpoint = sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if NOT_FOUND in error.response["Error"]["Message"]:
                continue  # deleted since it was listed
            raise
        yield from _machines(sagemaker, endpoint)


def _machines(sagemaker: Any, endpoint: Mapping[str, Any]) -> Iterator[_Used]:
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    # A serverless variant has no machines of its own.
    types = {one["VariantName"]: one.get("InstanceType") for one in config["ProductionVariants"]}
    for variant in endpoint.get("ProductionVariants", []):
        type_ = types.get(variant["VariantName"])
        if type_ is not None:
            count = variant.get("CurrentInstanceCount", 0)
            yield _Used(endpoint=endpoint["EndpointName"], instance_type=type_, count=count)


def _quotas(clients: Clients) -> dict[str, float]:
    """Every quota by its name: the applied one, or the default where nothing was applied yet."""
    quotas = clients("service-quotas")
    found: dict[str, float] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for page in quotas.get_paginator(operation).paginate(ServiceCode="sagemaker"):
            found |= {quota["QuotaName"]: quota["Value"] for quota in page["Quotas"]}
    return found
