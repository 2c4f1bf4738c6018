"""A word to a model's owners every week, in which nothing had to go wrong."""

import json
from pathlib import Path
from typing import Any, Final

from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.contract.metrics import METRICS
from mlops.dashboards import Served
from mlops_constructs.clock import A_MORNING, Clock, called
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.release import Release
from mlops_constructs.rollout.recording_permissions import count_requests, see_configs, tell_people

MONDAY_MORNING: Final = "cron(0 7 ? * MON *)"
_LABEL: Final = "label"
"""Name under which the drift job publishes the index of the true outcome."""


class WeeklyReport(Construct):
    """A function that reads a week's figures and writes to the stage's people.

    The owners in a contract are names for people and not addresses for a machine, so the stage's
    alert topic is told, and the subject names them.
    """

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, archive: Path, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self.function = PlatformFunction(
            self,
            "Reporter",
            site=release.site,
            model=release.model.name,
            task=_task(release, key_arn=key.key_arn),
            archive=archive,
            key=key,
        ).function
        Clock(
            self,
            "Weekly",
            site=release.site,
            start=called(self.function),
            expression=MONDAY_MORNING,
            patience=A_MORNING,
        )


def _task(release: Release, *, key_arn: str) -> Task:
    return Task(
        name="weekly-report",
        description=f"Tells the owners of {release.model.name} how {release.endpoint_name} did",
        module="monitoring.weekly_report",
        permissions=_permissions(release, key_arn=key_arn),
        minutes=5,
        environment={
            "ALERT_TOPIC": release.site.alert_topic_arn,
            "TERMS": json.dumps(terms(release), sort_keys=True),
        },
        dead_letter_queue_arn=release.site.dead_letter_queue_arn,
    )


def terms(release: Release) -> dict[str, Any]:
    """Whose week it is and what was promised, as the function reads it."""
    site, model = release.site, release.model
    served = Served.of(site.names, site.stage, model)
    monitoring, schema = model.monitoring, model.schema_
    fields = [field.name for field in (*schema.input, *schema.output)]
    return {
        "model": model.name,
        "stage": site.stage.name,
        "endpoint": served.endpoint,
        "owner": model.owners.data_science,
        "requests_per_minute": release.traffic.callers_per_minute,
        "latency_p99_ms": model.endpoint.latency_p99_ms,
        "error_ratio": served.canary.alarms.error_ratio,
        "instance_type": served.instance_type,
        "min_instances": served.capacity.min_instances,
        "fields": [*fields, _LABEL] if monitoring.labels else fields,
        "metrics": METRICS[model.problem.type] if monitoring.labels else (),
        "limits": [limit.model_dump(mode="json") for limit in monitoring.limits],
        "dashboard": site.names.model_dashboard(site.stage, model.name),
        "watched": served.watched,
        "batch_pipeline": served.batch_pipeline if model.batch else None,
    }


def _permissions(release: Release, *, key_arn: str) -> list[Permission]:
    return [*see_configs(release), count_requests(), *tell_people(release, key_arn=key_arn)]
