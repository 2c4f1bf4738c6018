"""What a contract says about scoring in batches: when files are taken, on which machines."""

from typing import Annotated

from pydantic import Field, model_validator

from mlops.contract.vocabulary import Schedule, Spec, TransformInstanceType, joined


class BatchSpec(Spec):
    """Scoring of files by Batch Transform; a model without this block has none."""

    schedule: Annotated[
        Schedule | None,
        Field(
            description="EventBridge Scheduler expression, UTC, at which waiting files are taken"
        ),
    ] = None
    on_new_input: Annotated[
        bool, Field(description="Whether each file that is uploaded starts a run")
    ] = False
    instance_type: Annotated[
        TransformInstanceType, Field(description="Type that SageMaker offers for Batch Transform")
    ] = "ml.m5.large"
    instance_count: Annotated[
        int, Field(ge=1, le=20, description="Machines; files are shared out among them")
    ] = 1
    max_payload_mb: Annotated[
        int, Field(ge=1, le=100, description="Lines of a file are sent together up to this size")
    ] = 1
    concurrent_requests: Annotated[
        int, Field(ge=1, le=100, description="Requests at once to each machine")
    ] = 1
    timeout_seconds: Annotated[
        int, Field(ge=1, le=3600, description="For one request; it is tried again after this")
    ] = 600

    @model_validator(mode="after")
    def _something_starts_it(self) -> "BatchSpec":
        if self.schedule is None and not self.on_new_input:
            raise joined(
                "schedule",
                "on_new_input",
                problem="nothing would ever start it",
                allowed="schedule, on_new_input: true, or both",
                remedy="set one of them, or remove the block",
            )
        return self
