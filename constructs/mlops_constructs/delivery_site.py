"""The delivery account as its constructs see it: where everything there is found by name."""

from dataclasses import dataclass

from mlops.contract import Delivery, Names


@dataclass(frozen=True, kw_only=True)
class DeliverySite:
    """Addresses in the delivery account."""

    names: Names

    @property
    def delivery(self) -> Delivery:
        """The account, its region and the repository that it follows."""
        return self.names.stages.delivery

    @property
    def prefix(self) -> str:
        """First part of the name of everything that is named here."""
        return f"{self.names.project}-delivery"

    @property
    def stage_accounts(self) -> list[str]:
        """Accounts of the configured stages, each once."""
        return sorted({stage.account for stage in self.names.stages.stages})

    @property
    def other_accounts(self) -> list[str]:
        """The same without the delivery account, which needs no permission by a resource."""
        return [account for account in self.stage_accounts if account != self.delivery.account]

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource in the delivery account and region."""
        return f"arn:aws:{service}:{self.delivery.region}:{self.delivery.account}:{resource}"

    @property
    def dead_letter_queue(self) -> str:
        """Name of the queue that keeps what could not be delivered here."""
        return f"{self.prefix}-undelivered"

    @property
    def dead_letter_queue_arn(self) -> str:
        """ARN of that queue."""
        return self.arn("sqs", self.dead_letter_queue)

    @property
    def release_automation(self) -> str:
        """Name of the build project that moves pins, and of its role."""
        return self.names.release_automation_role.rpartition("/")[2]

    def bucket(self, purpose: str) -> str:
        """Name of a bucket of the delivery account."""
        return f"{self.prefix}-{purpose}-{self.delivery.account}-{self.delivery.region}"

    def log_group(self, name: str) -> str:
        """Name of a log group of the delivery account; all share one prefix."""
        return f"/{self.names.project}/delivery/{name}"

    @property
    def from_here(self) -> dict[str, dict[str, str]]:
        """Condition of a trust that a service uses for this account and for nobody else."""
        return {"StringEquals": {"aws:SourceAccount": self.delivery.account}}
