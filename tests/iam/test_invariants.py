"""A solver looks for a way around the table: any resource, and any chain of roles."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.iam.world import AWS_MANAGED, World

pytestmark = pytest.mark.full

INVARIANTS = Path(__file__).with_name("invariants.yaml")


def account(world: World) -> dict[str, Any]:
    """All accounts in the solver's own form, without the roles that a stand-in of AWS describes."""
    roles = [world.principal(role) for role in world.roles]
    read_only = f"identity {list(AWS_MANAGED)[-1]}"
    return {
        "principals": [
            {
                "arn": role.name,
                "policies": [
                    {"name": name, "document": document(world, name)} for name in role.identity
                ],
                "trust_policy": document(world, f"trust {role.name}"),
            }
            for role in roles
            if read_only not in role.identity
        ],
        "resource_policies": [
            {"resource": name.removeprefix("resource "), "document": document(world, name)}
            for name in world.documents
            if name.startswith("resource ")
        ],
        "scps": [],
    }


def document(world: World, name: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(world.documents[name])}


def resolved(node: Any, world: World) -> Any:
    """The invariants with the ARNs of constructs and accounts put in."""
    if isinstance(node, dict):
        return {key: resolved(value, world) for key, value in node.items()}
    if isinstance(node, list):
        return [resolved(item, world) for item in node]
    return world.arn(node)


@pytest.fixture(scope="module")
def broken(
    tools: Callable[[str], Path], world: World, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The invariants that do not hold, each with the ways around it."""
    folder = tmp_path_factory.mktemp("invariants")
    described, invariants = folder / "account.json", folder / "invariants.yaml"
    YAML(typ="safe").dump(resolved(YAML(typ="safe").load(INVARIANTS), world), invariants)

    def prove(accounts: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        described.write_text(json.dumps(accounts))
        command: list[str | Path] = [
            *(tools("iam") / "iamprover", "verify"),
            *("--account", described, "--invariants", invariants),
            *("--closure", "all", "--format", "json"),
        ]
        # A violation ends in an exit code of its own.
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        return {
            one["id"]: one["counterexamples"] for one in json.loads(run.stdout) if not one["passed"]
        }

    return prove


def test_the_solver_finds_no_way_around(
    world: World, broken: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    assert broken(account(world)) == {}


def test_the_solver_finds_a_way_over_two_roles(
    world: World, broken: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    accounts = account(world)
    roles = {one["arn"]: one for one in accounts["principals"]}
    train = roles[world.arn("[dev/bike-demand-Training/Training/Roles/Train]")]
    janitor = roles[world.arn("[dev/bike-demand-Serving/Janitor/Janitor/Role]")]
    allow(train["policies"][0]["document"], "sts:AssumeRole", Resource=janitor["arn"])
    allow(janitor["trust_policy"], "sts:AssumeRole", Principal={"AWS": train["arn"]})
    allow(janitor["policies"][0]["document"], "sagemaker:InvokeEndpoint", Resource="*")

    found = broken(accounts)

    assert set(found) == {"dev-calls-no-endpoint"}
    assert train["arn"] in json.dumps(found)


def allow(policy: dict[str, Any], action: str, **to: Any) -> None:
    policy["Statement"].append({"Effect": "Allow", "Action": action, **to})
