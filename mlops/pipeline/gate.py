"""The end of a pipeline: what a model must reach, and what follows if it does or does not."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Final

from mlops.contract import Gate, ModelSpec
from mlops.contract.registry_metadata import PlatformMetadata
from mlops.pipeline.model_card import card_of
from mlops.pipeline.steps import (
    Condition,
    ExecutionValue,
    FailStep,
    FileValue,
    FunctionOutput,
    GateStep,
    JobOutput,
    Joined,
    ParameterValue,
    RegisterStep,
    TrainedModel,
    Value,
)

PENDING: Final = "PendingManualApproval"
"""The status of every registered version; approving it is a person's call to the registry."""


def gate_of(spec: ModelSpec, *, environment: Mapping[str, str]) -> GateStep:
    """The step that registers a model which passes every gate, or says why it does not."""
    return GateStep(
        name="Gate",
        description="Register the model if it passes every quality gate",
        conditions=tuple(condition for gate in spec.gates for condition in _conditions(gate)),
        passed=_register(spec, environment),
        failed=_gate_failed(spec),
    )


def _conditions(gate: Gate) -> list[Condition]:
    literal = Condition(
        value=_evaluation(f"metrics.{gate.metric}.value"),
        comparison=gate.comparison,
        limit=gate.threshold,
    )
    if gate.max_regression is None:
        return [literal]
    worse = _evaluation(f"regression.{gate.metric}")
    return [literal, Condition(value=worse, comparison="at_most", limit=gate.max_regression)]


def _register(spec: ModelSpec, environment: Mapping[str, str]) -> RegisterStep:
    return RegisterStep(
        name="Register",
        description="Add the version to the model registry, waiting for approval",
        group=ParameterValue("ModelPackageGroupName"),
        approval=PENDING,
        # By its digest: a tag is a name, and what a version runs must be what was evaluated.
        image=FunctionOutput("FindApproved", "ImageByDigest"),
        model=TrainedModel("Train"),
        environment=environment,
        content_types=("application/json", "text/csv"),
        quality=_evaluation_file("evaluation.json"),
        statistics=_baseline_file("statistics.json"),
        constraints=_baseline_file("constraints.json"),
        metadata=_metadata(spec),
        card=card_of(spec),
        domain=spec.registry.domain,
        task=spec.task,
    )


def _metadata(spec: ModelSpec) -> dict[str, Value]:
    """What the registry tells about a version; a contract cannot name the platform's own keys."""
    own: dict[PlatformMetadata, Value] = {
        "answers_sha256": _evaluation("content.answers_sha256"),
        "answers_uri": _evaluation_file("answers.json"),
        "archive_sha256": FileValue("Baseline", "Content", "archive_sha256"),
        "baseline_sha256": FileValue("Baseline", "Content", "baseline_sha256"),
        "commit": ParameterValue("Commit"),
        "compared_with_version": FunctionOutput("FindApproved", "ApprovedVersion"),
        "data_uri": ParameterValue("DataUri"),
        "data_version": _origin("DataVersion"),
        # Whoever releases compares it with the archive's: served and evaluated must be one.
        "evaluated_sha256": _evaluation("content.archive_sha256"),
        "execution": ExecutionValue("PipelineExecutionArn"),
        "on_call": _plain(spec.owners.on_call),
        "owner_data_science": _plain(spec.owners.data_science),
        "owner_deployment": _plain(spec.owners.deployment),
        "schema_sha256": _schema_sha256(spec),
        "source_hash": ParameterValue("SourceHash"),
        "started_by": _origin("StartedBy"),
        "started_by_id": _origin("StartedById"),
        "training_end": ParameterValue("TrainingEnd"),
        "trigger": _origin("Trigger"),
        "trigger_evidence": _origin("TriggerEvidence"),
    }
    return {**spec.registry.metadata, **{str(key): value for key, value in own.items()}}


def _origin(output: str) -> FunctionOutput:
    """A fact about this execution that its own step found; none that whoever starts it states."""
    return FunctionOutput("FindOrigin", output)


def _plain(text: str) -> str:
    """A text without what the registry's metadata refuse, like the # of a chat channel."""
    return " ".join(re.sub(r"[^\w\s.:/=+@-]", " ", text).split()) or "unnamed"


def _gate_failed(spec: ModelSpec) -> FailStep:
    asked = ", ".join(_words(gate) for gate in spec.gates)
    message = Joined(
        "",
        ("quality gate failed: ", _evaluation("gates.message"), f" (asked for: {asked})"),
    )
    return FailStep(
        name="GateFailed", description="End the execution; nothing is registered", message=message
    )


def _words(gate: Gate) -> str:
    text = f"{gate.metric} {gate.comparison.replace('_', ' ')} {gate.threshold:g}"
    if gate.max_regression is None:
        return text
    return f"{text} and not worse than the approved version by more than {gate.max_regression:g}"


def _schema_sha256(spec: ModelSpec) -> str:
    schema = spec.schema_.model_dump(mode="json", exclude_none=True)
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


def _evaluation(path: str) -> FileValue:
    return FileValue("Evaluate", "Evaluation", path)


def _evaluation_file(name: str) -> Joined:
    # By the step's own output, not by the execution: a cached step's files lie elsewhere.
    return Joined("/", (JobOutput("Evaluate", "evaluation"), name))


def _baseline_file(name: str) -> Joined:
    return Joined("/", (JobOutput("Baseline", "baseline"), name))
