"""What people read: the words of the deployed rules, as the deployed topic delivers them."""

import json

import pytest

from tests.external.emulator.accounts import DEV, Deployment, root_of
from tests.external.emulator.projection import SOURCE
from tests.external.emulator.queues import inbox
from tests.external.emulator.servers import REGION, Server

pytestmark = pytest.mark.full

PIPELINE = f"arn:aws:sagemaker:{REGION}:{DEV}:pipeline/mlops-bike-demand-training"


def ended(status: str) -> dict[str, str]:
    """What SageMaker tells of a run of the training pipeline."""
    detail = {
        "pipelineArn": PIPELINE,
        "pipelineExecutionArn": f"{PIPELINE}/execution/e1",
        "currentPipelineExecutionStatus": status,
    }
    return {
        "Source": f"{SOURCE}sagemaker",
        "DetailType": "SageMaker Model Building Pipeline Execution Status Change",
        "Detail": json.dumps(detail),
    }


def test_a_failed_training_run_is_told_in_words_and_a_running_one_is_not(
    dev: Deployment, aws: Server
) -> None:
    with inbox(aws, DEV, "mlops-dev-alerts") as people:
        events = [ended("Executing"), ended("Failed")]
        aws.client("events", root_of(DEV)).put_events(Entries=events)

        (message,) = people.received()

    assert json.loads(message["Message"]).startswith(
        f"Training of bike-demand in dev ended: Failed. {PIPELINE}/execution/e1 The reason stands"
    )
