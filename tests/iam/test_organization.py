"""What another account may do here ends when the account leaves the organization."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.iam.simulator import Request, Simulator, Verdict
from tests.iam.world import World

pytestmark = pytest.mark.full

KEY = "aws:PrincipalOrgID"


@pytest.fixture(scope="module")
def let_in(
    world: World, requests: Mapping[str, Request], verdicts: Mapping[str, Verdict]
) -> dict[str, Request]:
    """Every allowed request to another account of somebody who has an organization."""
    return {
        name: request
        for name, request in requests.items()
        if verdicts[name].allowed
        and KEY in request.context
        and request.context["aws:PrincipalAccount"] != request.account
    }


@pytest.mark.parametrize("organization", ["o-ofsomebodyelse", None])
def test_a_member_that_left_is_let_in_nowhere(
    world: World,
    simulator: Simulator,
    let_in: Mapping[str, Request],
    organization: str | None,
) -> None:
    left = [
        replace(request, context=moved(request.context, organization))
        for request in let_in.values()
    ]

    answers = simulator.decide(world.documents, left)

    assert len(left) > 25
    admitted = [name for name, one in zip(let_in, answers, strict=True) if one.allowed]
    # The roles of bootstrap are the CDK's own: `cdk bootstrap --trust` names accounts alone.
    assert [name for name in admitted if not of_bootstrap(world, let_in[name])] == []


def moved(context: Mapping[str, object], organization: str | None) -> dict[str, object]:
    rest = {key: value for key, value in context.items() if key != KEY}
    return rest if organization is None else {**rest, KEY: organization}


def of_bootstrap(world: World, request: Request) -> bool:
    return "/Bootstrap/" in world.path(request.resource)
