"""What a template cannot name is asked of CloudFormation, and put into every request."""

from collections.abc import Callable, Mapping
from typing import Any

from mlops.accept.assumptions import assumption
from mlops.accept.deployed import deployed
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe
from mlops.aws_api.stand_in import RefusedError

KEY = "11111111-2222-3333-4444-555555555555"


def probe(id_: str, ground: Ground) -> Probe:
    builder = assumption(id_).probe
    assert builder is not None
    return builder(ground)


def named(account: Any, ground: Ground, *, without: str = "-none") -> None:
    """Every stack is deployed but those whose names end so."""
    templates = {stack.place.stack: stack.template for stack in ground.stacks()}

    def resources(asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["StackName"]
        if name.endswith(without):
            raise RefusedError("ValidationError", f"Stack with id {name} does not exist")
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": logical_id,
                    "PhysicalResourceId": _physical(logical_id, resource),
                    "ResourceType": resource["Type"],
                    "LastUpdatedTimestamp": "2026-01-01T00:00:00Z",
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for logical_id, resource in templates[name]["Resources"].items()
            ]
        }

    account.operations["ListStackResources"] = resources


def _physical(logical_id: str, resource: Mapping[str, Any]) -> str:
    names = {"AWS::KMS::Key": KEY, "AWS::IAM::Role": f"generated-{logical_id}-1A2B"}
    return names.get(resource["Type"], f"physical-{logical_id}")


def test_roles_and_keys_get_the_names_that_cloudformation_gave(
    account: Any, ground_of: Callable[[str], Ground]
) -> None:
    ground = ground_of("dev")
    named(account, ground)

    ready = deployed(ground, account.client).applied_to(probe("job-start", ground))

    request = ready.calls[0].request
    assert ready.idle == ""
    assert request["RoleArn"].startswith("arn:aws:iam::222222222222:role/generated-")
    assert request["ProcessingOutputConfig"]["KmsKeyId"].endswith(f":key/{KEY}")


def test_a_probe_that_needs_a_stack_waits_for_it(
    account: Any, ground_of: Callable[[str], Ground]
) -> None:
    ground = ground_of("dev")
    named(account, ground, without="-training")
    found = deployed(ground, account.client)

    waiting = found.applied_to(probe("job-start", ground))

    assert waiting.calls == ()
    assert waiting.idle.startswith("not deployed yet: ")
    assert found.applied_to(probe("pipeline-definitions", ground)).calls != ()
