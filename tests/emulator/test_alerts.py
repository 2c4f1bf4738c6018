"""What people read: the words of the deployed rules, as the deployed topic delivers them."""

import json
from collections.abc import Iterator

import pytest

from tests.emulator.accounts import DEV, Deployment, root_of
from tests.emulator.projection import SOURCE
from tests.emulator.servers import REGION, Server

pytestmark = pytest.mark.full

PIPELINE = f"arn:aws:sagemaker:{REGION}:{DEV}:pipeline/mlops-bike-demand-training"
TOPIC = f"arn:aws:sns:{REGION}:{DEV}:mlops-dev-alerts"
QUEUE = f"arn:aws:sqs:{REGION}:{DEV}:inbox"


@pytest.fixture
def inbox(dev: Deployment, aws: Server) -> Iterator[str]:
    """A queue that is subscribed to the stage's alerts as people are."""
    sns, sqs = (aws.client(service, root_of(DEV)) for service in ("sns", "sqs"))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName="inbox", Attributes={"Policy": policy})["QueueUrl"]
    subscribed = sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    yield url
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


def test_a_failed_training_run_is_told_in_words_and_a_running_one_is_not(
    inbox: str, aws: Server
) -> None:
    entries = [
        {
            "Source": f"{SOURCE}sagemaker",
            "DetailType": "SageMaker Model Building Pipeline Execution Status Change",
            "Detail": json.dumps(
                {
                    "pipelineArn": PIPELINE,
                    "pipelineExecutionArn": f"{PIPELINE}/execution/e1",
                    "currentPipelineExecutionStatus": status,
                }
            ),
        }
        for status in ("Executing", "Failed")
    ]

    aws.client("events", root_of(DEV)).put_events(Entries=entries)

    answer = aws.client("sqs", root_of(DEV)).receive_message(
        QueueUrl=inbox, MaxNumberOfMessages=10, WaitTimeSeconds=5
    )
    (message,) = answer["Messages"]
    text = json.loads(json.loads(message["Body"])["Message"])
    assert text.startswith(
        f"Training of bike-demand in dev ended: Failed. {PIPELINE}/execution/e1 The reason stands"
    )
