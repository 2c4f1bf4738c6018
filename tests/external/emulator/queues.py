"""Queues that stand where people, other accounts and builds would hear something."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.external.emulator.accounts import root_of
from tests.external.emulator.servers import REGION, Server

_PATIENCE_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue of an account, open to that account's topics and rules."""

    sqs: Any
    url: str
    arn: str

    def received(self) -> list[dict[str, Any]]:
        """Everything that has arrived, read once; waits for the first message only."""
        found: list[dict[str, Any]] = []
        patience = _PATIENCE_SECONDS
        while batch := self._batch(patience):
            found.extend(batch)
            patience = 0
        return found

    def _batch(self, patience: int) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=patience
        )
        messages = answer.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]


@contextmanager
def queue(aws: Server, account: str, name: str) -> Iterator[Queue]:
    """A queue that is there for a while."""
    sqs = aws.client("sqs", root_of(account))
    arn = f"arn:aws:sqs:{REGION}:{account}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    yield Queue(sqs=sqs, url=url, arn=arn)
    sqs.delete_queue(QueueUrl=url)


@contextmanager
def inbox(aws: Server, account: str, topic: str) -> Iterator[Queue]:
    """A queue that is subscribed to a topic as people are."""
    sns = aws.client("sns", root_of(account))
    with queue(aws, account, "inbox") as found:
        subscribed = sns.subscribe(
            TopicArn=f"arn:aws:sns:{REGION}:{account}:{topic}", Protocol="sqs", Endpoint=found.arn
        )
        yield found
        sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])


@contextmanager
def listening(
    aws: Server, account: str, bus: str, pattern: dict[str, Any], *, name: str
) -> Iterator[Queue]:
    """A queue that gets the events of a bus that match a pattern."""
    events = aws.client("events", root_of(account))
    with queue(aws, account, name) as found:
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        target = {"Id": name, "Arn": found.arn}
        events.put_targets(Rule=name, EventBusName=bus, Targets=[target])
        yield found
        events.remove_targets(Rule=name, EventBusName=bus, Ids=[name])
        events.delete_rule(Name=name, EventBusName=bus)
