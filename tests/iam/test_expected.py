"""Every row of the table, asked of IAM's rules with the policies that would be deployed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.iam.simulator import RefusedRequestError, Request, Simulator, Verdict
from tests.iam.table import Row, the_table
from tests.iam.world import World

pytestmark = pytest.mark.full


@pytest.mark.parametrize("row", the_table().of("connection").rows, ids=str)
def test_the_platform_allows_and_denies_what_the_table_says(
    row: Row, verdicts: Mapping[str, Verdict]
) -> None:
    verdict = verdicts[row.name]

    assert verdict.allowed == row.allowed
    assert row.allowed or verdict.refused_by == row.refused_by


@pytest.mark.parametrize("row", the_table().of("codecommit").rows, ids=str)
def test_a_platform_that_follows_codecommit_allows_and_denies_what_the_table_says(
    row: Row, codecommit_verdicts: Mapping[str, Verdict]
) -> None:
    assert row.is_met_by(codecommit_verdicts[row.name])


@pytest.fixture
def request_of_a_client(requests: Mapping[str, Request]) -> Request:
    return requests["prod's client: calls the endpoint"]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"action": "sagemaker:InvokeEndpont"}, "invalid.action"),
        ({"resource": "arn:aws:s3:::bucket/key"}, "no.resource.types"),
        ({"context": {"s3:prefix": "x"}, "written": ("s3:prefix",)}, "knows no s3:prefix"),
        ({"judged_as": "sagemaker:InvokeEndpoint"}, "is in use"),
    ],
)
def test_a_question_that_aws_would_not_understand_is_refused(
    world: World,
    simulator: Simulator,
    request_of_a_client: Request,
    mistake: dict[str, Any],
    said: str,
) -> None:
    wrong = replace(request_of_a_client, **mistake)

    with pytest.raises(RefusedRequestError, match=said):
        simulator.decide(world.documents, [wrong])


def test_what_a_boundary_does_not_allow_is_denied(
    simulator: Simulator, request_of_a_client: Request, world: World
) -> None:
    reading = {"Effect": "Allow", "Action": "sagemaker:Describe*", "Resource": "*"}
    documents = {**world.documents, "identity boundary": [reading]}
    bounded = replace(request_of_a_client, boundary="identity boundary")

    free, held = simulator.decide(documents, [request_of_a_client, bounded])

    assert (free.allowed, held.allowed) == (True, False)
