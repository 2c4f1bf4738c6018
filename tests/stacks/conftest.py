"""How a stack is shown to a reviewer."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

_CONTENT_HASH = re.compile(r"\b[0-9a-f]{16,64}\b")


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture(scope="session")
def reviewable() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A template with pipelines as data and without hashes of content."""
    return _reviewable


def _reviewable(template: dict[str, Any]) -> dict[str, Any]:
    # A copy: every other test reads the same templates.
    shown = copy.deepcopy({k: v for k, v in template.items() if k not in ("Rules", "Parameters")})
    for resource in shown["Resources"].values():
        definition = resource.get("Properties", {}).get("PipelineDefinition")
        if definition is not None:
            resource["Properties"]["PipelineDefinition"] = _parsed(definition)
    text = _CONTENT_HASH.sub("<hash>", json.dumps(shown))
    result: dict[str, Any] = json.loads(text)
    return result


def _parsed(definition: dict[str, Any]) -> Any:
    """The pipeline's body as data, each CloudFormation function as readable text."""
    body = definition["PipelineDefinitionBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    return json.loads("".join(part if isinstance(part, str) else _named(part) for part in parts))


def _named(function: dict[str, Any]) -> str:
    ((name, target),) = function.items()
    return f"${{{name} {'.'.join(target) if isinstance(target, list) else target}}}"
