"""Every definition of every stage, its tokens resolved, is one that SageMaker would take."""

import json
from typing import Any

from mlops.pipeline.definition_check import definition_findings
from mlops.pipeline.expressions import all_steps
from mlops.rehearsal.pipeline.graph import nodes_of

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


def needed_by(name: str, definition: dict[str, Any]) -> set[str]:
    """The steps that have ended well before a step starts."""
    nodes = nodes_of(definition)
    needed = {name}
    while more := {need for known in needed for need in nodes[known].needs} - needed:
        needed |= more
    return needed - {name}


def test_nothing_is_registered_before_its_archive_was_served(definitions: Definitions) -> None:
    """`jobs.drift_baseline` serves the archive that it is given, and asks it the examples."""
    registering = [one for name, one in definitions.items() if name.endswith("-training")]
    for definition in registering:
        steps = {step["Name"]: step for step in all_steps(definition)}
        register = next(step for step in steps.values() if step["Type"] == "RegisterModel")
        container = register["Arguments"]["InferenceSpecification"]["Containers"][0]

        serving = [
            step
            for name in needed_by(register["Name"], definition)
            if "jobs.drift_baseline" in json.dumps((step := steps[name])["Arguments"])
        ]

        (step,) = serving
        channels = {
            channel["InputName"]: channel["S3Input"]["S3Uri"]
            for channel in step["Arguments"]["ProcessingInputs"]
        }
        assert channels["model"] == container["ModelDataUrl"]
        # A version names the image by the digest of exactly this tag.
        digest = container["Image"]["Get"]
        assert digest == "Steps.FindApproved.OutputParameters['ImageByDigest']"
        asked = steps["FindApproved"]["Arguments"]["ImageUri"]
        assert step["Arguments"]["AppSpecification"]["ImageUri"] == asked
        assert step["Arguments"]["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert registering
