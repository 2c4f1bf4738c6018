"""One stage as its constructs see it: the settings, and where the things that its stacks share are.

Stacks of a stage find each other's resources by these names instead of by references, so that none
of them holds another one back.
"""

from dataclasses import dataclass
from typing import Final

from aws_cdk import RemovalPolicy

from mlops.contract import Names, StageSpec

# A failed first creation leaves nothing behind: its retry would meet the names that it kept.
_KEEP: Final = {True: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, False: RemovalPolicy.DESTROY}


@dataclass(frozen=True, kw_only=True)
class Site:
    """A stage's settings and addresses."""

    stage: StageSpec
    names: Names

    @property
    def prefix(self) -> str:
        """First part of the name of everything that is named here."""
        return f"{self.names.project}-{self.stage.name}"

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource in the stage's account and region."""
        return f"arn:aws:{service}:{self.stage.region}:{self.stage.account}:{resource}"

    @property
    def from_here(self) -> dict[str, dict[str, str]]:
        """Condition of a trust that a service uses for this account and for nobody else."""
        return {"StringEquals": {"aws:SourceAccount": self.stage.account}}

    @property
    def artifact_bucket_arn(self) -> str:
        """ARN of the bucket of training data, models and reports."""
        return f"arn:aws:s3:::{self.names.artifact_bucket(self.stage)}"

    @property
    def capture_bucket_arn(self) -> str:
        """ARN of the bucket of captured requests."""
        return f"arn:aws:s3:::{self.names.capture_bucket(self.stage)}"

    @property
    def audit_trail_arn(self) -> str:
        """ARN of the trail that records accesses to both, where the stage asks for one."""
        return self.arn("cloudtrail", f"trail/{self.names.audit_trail(self.stage)}")

    @property
    def alert_topic_arn(self) -> str:
        """ARN of the topic that people subscribe to."""
        return self.arn("sns", self.names.alert_topic(self.stage))

    @property
    def dead_letter_queue(self) -> str:
        """Name of the queue that keeps what could not be delivered."""
        return f"{self.prefix}-undelivered"

    @property
    def dead_letter_queue_arn(self) -> str:
        """ARN of that queue."""
        return self.arn("sqs", self.dead_letter_queue)

    @property
    def delivery_bus_arn(self) -> str | None:
        """ARN of the bus on which stages report; None where no delivery follows a repository."""
        followed = self.names.stages.delivery.source is not None
        return self.names.event_bus_arn if followed else None

    def log_group(self, *parts: str) -> str:
        """Name of a log group of the platform; all of a stage's share one prefix."""
        return "/".join(["", self.names.project, self.stage.name, *parts])

    def parameter(self, *parts: str) -> str:
        """Name of a parameter of the platform, by stage and model."""
        return "/".join(["", self.names.project, self.stage.name, *parts])

    @property
    def model_readers(self) -> list[str]:
        """Accounts of the other configured stages, where this stage makes their models."""
        accounts = {stage.account for stage in self.names.stages.stages}
        return sorted(accounts - {self.stage.account}) if self.stage.trains else []

    @property
    def removal_policy(self) -> RemovalPolicy:
        """What happens to data when its stack goes."""
        return _KEEP[self.stage.removal_policy == "retain"]

    @property
    def model_removal_policy(self) -> RemovalPolicy:
        """The same for models: kept wherever another stage's endpoint may still load one."""
        return _KEEP[self.stage.removal_policy == "retain" or bool(self.model_readers)]

    @property
    def key_removal_policy(self) -> RemovalPolicy:
        """The same for the key: kept with the models, and with the record of an audited stage."""
        if self.stage.audit.data_events:
            return _KEEP[True]
        return self.model_removal_policy
