"""Every definition of every stage, its tokens resolved, is one that SageMaker would take."""

from typing import Any

from mlops.pipeline.definition_check import definition_findings

Definitions = dict[str, dict[str, Any]]


def test_no_synthesized_definition_has_a_finding(definitions: Definitions) -> None:
    kinds = {name.rpartition("-")[2] for name in definitions}
    found = [
        f"{name}: {finding}"
        for name, definition in definitions.items()
        for finding in definition_findings(definition)
    ]

    assert kinds == {"batch", "drift", "training"}
    assert found == []
