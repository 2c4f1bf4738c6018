"""What scores whole files with a released model."""

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.contract import BatchSpec
from mlops_constructs.batch.batch_alarms import BatchAlarms
from mlops_constructs.batch.batch_alert import BatchAlert
from mlops_constructs.batch.batch_job import BatchJob
from mlops_constructs.batch.batch_start import BatchStart
from mlops_constructs.release import Release
from mlops_constructs.serving_code import ServingCode


class BatchStack(Stack):
    """A model's batch runs in a stage, what starts them, what tells of their failure.

    After the release check: a version that its canary rolled back scores no files.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        batch: BatchSpec,
        code: ServingCode,
        key: kms.IKey,
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=f"{release.site.prefix}-{release.model.name}-batch",
            description=f"Batches of {release.model.name} in {release.site.stage.name}",
        )
        job = BatchJob(
            self, "BatchJob", release=release, batch=batch, archive=code.archives.batch, key=key
        )
        start = BatchStart(self, "Start", release=release, batch=batch)
        start.node.add_dependency(job.pipeline)
        BatchAlarms(self, "Alarms", release=release, batch=batch)
        BatchAlert(self, "Alert", release=release, key=key)
