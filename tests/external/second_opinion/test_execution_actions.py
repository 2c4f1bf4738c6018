"""The table of actions is what CloudFormation's own schemas say, but for the reasons it gives."""

import fnmatch
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.cli.execution_policy import action_table

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def handlers(tools: Callable[[str], Path]) -> dict[str, set[str]]:
    """Permissions of the handlers of every type, as the installed cfn-lint carries them."""
    (folder,) = tools("lint").parent.glob(
        "lib/python3*/site-packages/cfnlint/data/schemas/resources"
    )
    schemas = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return {
        schema["typeName"]: permissions(schema) for schema in schemas if isinstance(schema, dict)
    }


def permissions(schema: dict[str, Any]) -> set[str]:
    return {
        spelled(permission)
        for handler in schema.get("handlers", {}).values()
        for permission in handler.get("permissions", [])
    }


def spelled(permission: str) -> str:
    """With the service's name as IAM's reference writes it; one schema has capitals in it."""
    service, mark, action = permission.partition(":")
    return f"{service.lower()}{mark}{action}"


def test_every_action_comes_from_the_schemas(handlers: dict[str, set[str]]) -> None:
    invented = {
        type_: set(actions) - handlers[type_] for type_, actions in action_table()["types"].items()
    }

    assert {type_: more for type_, more in invented.items() if more} == {}


def test_what_is_missing_has_a_reason(handlers: dict[str, set[str]]) -> None:
    table = action_table()
    missing = {
        action
        for type_, actions in table["types"].items()
        for action in handlers[type_] - set(actions)
        if not any(fnmatch.fnmatchcase(action, pattern) for pattern in table["left_out"])
    }

    assert missing == set()


def test_every_reason_is_still_needed(handlers: dict[str, set[str]]) -> None:
    table = action_table()
    needed = {action for type_ in table["types"] for action in handlers[type_]}

    assert [p for p in table["left_out"] if not fnmatch.filter(needed, p)] == []
