"""A commit on the followed branch of a CodeCommit repository starts the delivery, or is kept."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mlops.contract import Names, Source
from mlops_constructs.delivery.commit_trigger import CommitTrigger
from mlops_constructs.delivery_site import DeliverySite

if TYPE_CHECKING:
    from aws_cdk import Stack

PIPELINE = "arn:aws:codepipeline:eu-west-1:200000000000:acme-delivery"
REPOSITORY = "arn:aws:codecommit:eu-west-1:100000000000:ml"


@pytest.fixture(scope="module")
def trigger(render: Callable[..., Any], names: Names) -> Any:
    from aws_cdk import aws_codepipeline as codepipeline
    from aws_cdk import aws_sqs as sqs

    site = DeliverySite(names=names)

    def build(stack: "Stack") -> CommitTrigger:
        return CommitTrigger(
            stack,
            "Commits",
            site=site,
            source=Source(repository="ml", branch="live"),
            pipeline=codepipeline.Pipeline.from_pipeline_arn(stack, "Pipeline", PIPELINE),
            dead_letters=sqs.Queue.from_queue_arn(stack, "Kept", site.dead_letter_queue_arn),
        )

    return render(build)


def event(repository: str = REPOSITORY, **detail: str) -> dict[str, Any]:
    """An event of CodeCommit as its documentation shows it."""
    pushed = {
        "callerUserArn": "arn:aws:sts::100000000000:assumed-role/developer/ana",
        "commitId": "3e5983DESTINATION",
        "event": "referenceUpdated",
        "oldCommitId": "3e5983SOURCE",
        "referenceFullName": "refs/heads/live",
        "referenceName": "live",
        "referenceType": "branch",
        "repositoryId": "12345678-1234-5678-abcd-12345678abcd",
        "repositoryName": "ml",
    }
    return {
        "source": "aws.codecommit",
        "detail-type": "CodeCommit Repository State Change",
        "account": "100000000000",
        "region": "eu-west-1",
        "resources": repository,
        "detail": pushed | detail,
    }


@pytest.mark.parametrize(
    ("told", "starts"),
    [
        (event(), True),
        (event(event="referenceCreated"), True),
        (event(event="referenceDeleted"), False),
        (event(referenceName="feature"), False),
        (event(referenceType="tag"), False),
        (event(repository=f"{REPOSITORY}-other"), False),
    ],
    ids=["push", "first push", "deleted", "another branch", "a tag", "another repository"],
)
def test_a_commit_on_the_branch_starts_it_and_nothing_else(
    trigger: Any, heard: Callable[[Any, Any], bool], told: dict[str, Any], starts: bool
) -> None:
    assert heard(trigger.only("AWS::Events::Rule")["EventPattern"], told) is starts


def test_a_start_that_fails_is_kept(trigger: Any) -> None:
    (target,) = trigger.only("AWS::Events::Rule")["Targets"]

    assert target["Arn"] == PIPELINE
    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-delivery-undelivered")


def test_the_role_starts_this_pipeline_and_does_nothing_else(trigger: Any) -> None:
    (statements,) = trigger.roles().values()

    assert list(statements.values()) == [
        {
            "Sid": "StartThePipeline",
            "Action": "codepipeline:StartPipelineExecution",
            "Effect": "Allow",
            "Resource": PIPELINE,
        }
    ]
    assert trigger.all("AWS::IAM::Policy") == []
