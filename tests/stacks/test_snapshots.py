"""Every stack of every stage as a reviewer sees it change; hashes of content are left out."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

STACKS = (
    "Delivery",
    "dev/Foundation",
    "dev/Registry",
    "dev/bike-demand-Training",
    "dev/bike-demand-Serving",
    "dev/bike-demand-ReleaseCheck",
    "dev/bike-demand-Monitoring",
    "dev/bike-demand-Batch",
    "dev/Checks",
    "dev/Overview",
    "staging/Foundation",
    "staging/bike-demand-Serving",
    "staging/bike-demand-ReleaseCheck",
    "staging/bike-demand-Monitoring",
    "staging/bike-demand-Batch",
    "staging/Checks",
    "staging/Overview",
    "prod/Foundation",
    "prod/bike-demand-Serving",
    "prod/bike-demand-ReleaseCheck",
    "prod/bike-demand-Monitoring",
    "prod/bike-demand-Batch",
    "prod/Checks",
    "prod/Overview",
)
_CONTENT_HASH = re.compile(r"\b[0-9a-f]{16,64}\b")


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


def test_every_stack_has_a_snapshot(templates: dict[str, Any]) -> None:
    assert sorted(templates) == sorted(STACKS)


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.replace("/", "-"))
def test_a_change_of_this_stack_is_seen_in_review(
    templates: dict[str, Any], snapshot_json: SnapshotAssertion, path: str
) -> None:
    assert reviewable(templates[path]) == snapshot_json


def test_a_change_of_a_codecommit_delivery_is_seen_in_review(
    codecommit_assembly: Path,
    read_templates: Callable[[Path], dict[str, Any]],
    templates: dict[str, Any],
    snapshot_json: SnapshotAssertion,
) -> None:
    made = read_templates(codecommit_assembly)

    assert reviewable(made.pop("Delivery")) == snapshot_json
    # The source is the delivery's alone: no other stack knows of it.
    assert {path: reviewable(template) for path, template in made.items()} == {
        path: reviewable(template) for path, template in templates.items() if path != "Delivery"
    }


def reviewable(template: dict[str, Any]) -> dict[str, Any]:
    # A copy: every other test reads the same templates.
    shown = copy.deepcopy({k: v for k, v in template.items() if k not in ("Rules", "Parameters")})
    for resource in shown["Resources"].values():
        definition = resource.get("Properties", {}).get("PipelineDefinition")
        if definition is not None:
            resource["Properties"]["PipelineDefinition"] = parsed(definition)
    text = _CONTENT_HASH.sub("<hash>", json.dumps(shown))
    result: dict[str, Any] = json.loads(text)
    return result


def parsed(definition: dict[str, Any]) -> Any:
    """The pipeline's body as data, each CloudFormation function as readable text."""
    body = definition["PipelineDefinitionBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    return json.loads("".join(part if isinstance(part, str) else named(part) for part in parts))


def named(function: dict[str, Any]) -> str:
    ((name, target),) = function.items()
    return f"${{{name} {'.'.join(target) if isinstance(target, list) else target}}}"
