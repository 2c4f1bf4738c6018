"""What starts a training without a person asking: drift, new data, the clock."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops.contract import ModelSpec
from mlops_constructs.clock import AN_HOUR, Clock, called
from mlops_constructs.platform_function import PlatformFunction
from mlops_constructs.site import Site
from mlops_constructs.training.retraining_task import retraining_task
from mlops_handlers.drift_events import DRIFT_FOUND, DRIFT_SOURCE
from mlops_handlers.training.retraining_events import (
    ALARM_CHANGED,
    ALARM_SOURCE,
    DATA_PUBLISHED,
    DATA_SOURCE,
    SCHEDULED,
)


def is_automatic(model: ModelSpec) -> bool:
    """Whether anything but a person starts the model's pipeline."""
    asked = model.retraining
    return asked.on_drift or asked.on_new_data or model.pipeline.schedule is not None


class RetrainingTrigger(Construct):
    """One function that decides, and the rules and the schedule that wake it.

    Nothing but the function starts the pipeline by itself, so that its lock, cooldown and budget
    hold for whatever wakes it, in any order and number.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        model: ModelSpec,
        archive: Path,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._model = model
        self.function = PlatformFunction(
            self,
            "Starter",
            site=site,
            model=model.name,
            task=retraining_task(site, model, key_arn=key.key_arn),
            archive=archive,
            key=key,
        ).function
        assert self.function.role is not None
        self.role = self.function.role
        """Whoever starts the pipeline without a person; nobody else acts as it."""
        self._undelivered = sqs.Queue.from_queue_arn(
            self, "DeadLetters", site.dead_letter_queue_arn
        )
        if model.retraining.on_drift:
            self._listen_to_drift()
        if model.retraining.on_new_data:
            self._rule("Published", "data was published", self._published())
        if model.pipeline.schedule:
            self._schedule(model.pipeline.schedule)

    def _listen_to_drift(self) -> None:
        bus = events.EventBus.from_event_bus_arn(self, "Bus", self._site.names.training_bus_arn)
        self._rule("Alarm", "a drift alarm turned red", self._red_alarm(), bus)
        self._rule("Drift", "a window has drifted", self._drift_found(), bus)

    def _rule(
        self, id_: str, what: str, pattern: Mapping[str, Any], bus: events.IEventBus | None = None
    ) -> events.Rule:
        return events.Rule(
            self,
            id_,
            description=f"May train {self._model.name}: {what}",
            event_bus=bus,
            event_pattern=events.EventPattern(**pattern),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=self._undelivered)],
        )

    def _red_alarm(self) -> Mapping[str, Any]:
        """By ARN: each stage's alarm counts if it is in the account of that stage."""
        names, stages = self._site.names, self._site.names.stages.stages
        return {
            "account": self._accounts(),
            "source": [ALARM_SOURCE],
            "detail_type": [ALARM_CHANGED],
            "resources": [names.drift_alarm_arn(stage, self._model.name) for stage in stages],
            "detail": {"state": {"value": ["ALARM"]}},
        }

    def _drift_found(self) -> Mapping[str, Any]:
        return {
            "account": self._accounts(),
            "source": [DRIFT_SOURCE],
            "detail_type": [DRIFT_FOUND],
            "detail": {"model": [self._model.name]},
        }

    def _published(self) -> Mapping[str, Any]:
        names = self._site.names
        return {
            "source": [DATA_SOURCE],
            "detail_type": [DATA_PUBLISHED],
            "detail": {
                "bucket": {"name": [names.artifact_bucket(self._site.stage)]},
                "object": {"key": events.Match.prefix(names.data_prefix(self._model.name))},
            },
        }

    def _accounts(self) -> list[str]:
        return sorted({stage.account for stage in self._site.names.stages.stages})

    def _schedule(self, expression: str) -> None:
        """By the function: it looks whether an execution is under way, and finds the newest data.

        A schedule that started the pipeline itself could do neither.
        """
        given, description = json.dumps(SCHEDULED), f"Trains {self._model.name}"
        Clock(
            self,
            "Schedule",
            site=self._site,
            start=called(self.function, description=description, given=given),
            expression=expression,
            patience=AN_HOUR,
        )
