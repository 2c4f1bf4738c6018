"""With what the build pushes: the address and the one permission of each kind of source."""

from typing import Any

import pytest

from mlops.contract import Names, Source
from mlops_constructs.delivery.release_credentials import push_permission, repository_url
from mlops_constructs.delivery_site import DeliverySite

ID = "11111111-2222-3333-4444-555555555555"
CONNECTION = f"arn:aws:codeconnections:eu-west-1:100000000000:connection/{ID}"
FORMER = f"arn:aws:codestar-connections:eu-west-1:100000000000:connection/{ID}"
HERE = "eu-west-1.amazonaws.com"
SECRET = "arn:aws:secretsmanager:eu-west-1:100000000000:secret:push-AbCdEf"


@pytest.fixture
def site(names: Names) -> DeliverySite:
    return DeliverySite(names=names)


@pytest.fixture
def reviewing(names: Names) -> DeliverySite:
    stages = [s.model_copy(update={"promotion": "pull-request"}) for s in names.stages.stages]
    return DeliverySite(names=Names(stages=names.stages.model_copy(update={"stages": stages})))


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (Source(repository="ml"), "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/ml"),
        (
            Source(repository="acme/ml", connection=CONNECTION),
            f"https://codeconnections.{HERE}/git-http/100000000000/eu-west-1/{ID}/acme/ml.git",
        ),
        (
            Source(repository="acme/ml", connection=FORMER),
            f"https://codestar-connections.{HERE}/git-http/100000000000/eu-west-1/{ID}/acme/ml.git",
        ),
        (Source(repository="acme/ml", connection=CONNECTION, credentials=SECRET), None),
        (
            Source(repository="ml", credentials=SECRET),
            "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/ml",
        ),
    ],
    ids=["codecommit", "connection", "former name", "secret", "secret for codecommit"],
)
def test_the_address_is_that_of_the_host(site: DeliverySite, source: Source, url: Any) -> None:
    assert repository_url(site, source) == url


def test_a_connection_is_used_for_git_on_this_repository_alone(site: DeliverySite) -> None:
    source = Source(repository="acme/ml", connection=CONNECTION)

    assert push_permission(site, source).statement == {
        "Sid": "PullAndPush",
        "Effect": "Allow",
        "Action": ["codeconnections:UseConnection"],
        "Resource": [CONNECTION],
        "Condition": {
            "StringEquals": {
                "codeconnections:FullRepositoryId": "acme/ml",
                "codeconnections:ProviderAction": ["GitPull", "GitPush"],
            }
        },
    }


def test_a_connection_of_the_former_name_has_the_former_actions(site: DeliverySite) -> None:
    statement = push_permission(site, Source(repository="acme/ml", connection=FORMER)).statement

    assert statement["Action"] == ["codestar-connections:UseConnection"]
    assert "codestar-connections:ProviderAction" in str(statement["Condition"])


def test_a_secret_is_read_and_nothing_else_is_needed(site: DeliverySite) -> None:
    source = Source(repository="acme/ml", connection=CONNECTION, credentials=SECRET)

    assert push_permission(site, source).statement == {
        "Sid": "ReadTheCredentials",
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue"],
        "Resource": [SECRET],
    }


def test_codecommit_takes_the_delivered_branch(site: DeliverySite) -> None:
    permission = push_permission(site, Source(repository="ml", branch="live"))

    assert permission.resources == ["arn:aws:codecommit:eu-west-1:100000000000:ml"]
    assert permission.conditions["StringLikeIfExists"] == {
        "codecommit:References": ["refs/heads/live"]
    }


def test_codecommit_takes_proposals_too_where_a_stage_is_reviewed(reviewing: DeliverySite) -> None:
    permission = push_permission(reviewing, Source(repository="ml"))

    assert permission.conditions["StringLikeIfExists"] == {
        "codecommit:References": ["refs/heads/main", "refs/heads/release/*"]
    }
