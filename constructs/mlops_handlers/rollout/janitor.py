"""Deletes endpoint configs and models that old releases of one endpoint left behind.

They are kept on replacement, since a rolled-back endpoint runs the old ones; so somebody has to
clear up later. Whatever any endpoint uses, is young, or carries another tag is left alone.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlops.rollout.release import ENDPOINT_TAG
from mlops_handlers.clients import client
from mlops_handlers.deployments import tags_of

LOG: Final = logging.getLogger()


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """An endpoint config of ours, and the model in it."""

    config: str
    model: str
    created: datetime


def handler(_event: object, _context: object) -> dict[str, int]:
    """Delete the configs of old releases, then the models that no config is left for."""
    endpoint = os.environ["ENDPOINT_NAME"]
    used = set(_configs_in_use())
    ours = sorted(_ours(endpoint), key=lambda one: one.created, reverse=True)
    gone = [one for one in _expired(ours) if one.config not in used]
    kept = {one.model for one in ours if one not in gone}
    for one in gone:
        LOG.warning("deleting the endpoint config %s", one.config)
        client("sagemaker").delete_endpoint_config(EndpointConfigName=one.config)
    models = sorted({one.model for one in gone} - kept)
    for model in models:
        LOG.warning("deleting the model %s", model)
        client("sagemaker").delete_model(ModelName=model)
    return {"configs": len(gone), "models": len(models)}


def _expired(ours: list[Leftover]) -> list[Leftover]:
    """What is old and not among the newest, to which somebody may still want to go back."""
    before = datetime.now(UTC) - timedelta(days=int(os.environ["KEEP_DAYS"]))
    return [one for one in ours[int(os.environ["KEEP_NEWEST"]) :] if one.created < before]


def _configs_in_use() -> Iterator[str]:
    """Configs of every endpoint of the account, other people's included."""
    for page in client("sagemaker").get_paginator("list_endpoints").paginate():
        for summary in page["Endpoints"]:
            found = client("sagemaker").describe_endpoint(EndpointName=summary["EndpointName"])
            yield found["EndpointConfigName"]


def _ours(endpoint: str) -> Iterator[Leftover]:
    for page in client("sagemaker").get_paginator("list_endpoint_configs").paginate():
        for summary in page["EndpointConfigs"]:
            tags = tags_of(client("sagemaker"), summary["EndpointConfigArn"])
            if tags.get(ENDPOINT_TAG) == endpoint:
                yield _leftover(summary)


def _leftover(summary: dict[str, Any]) -> Leftover:
    name = summary["EndpointConfigName"]
    config = client("sagemaker").describe_endpoint_config(EndpointConfigName=name)
    return Leftover(
        config=name,
        model=config["ProductionVariants"][0]["ModelName"],
        created=summary["CreationTime"],
    )
