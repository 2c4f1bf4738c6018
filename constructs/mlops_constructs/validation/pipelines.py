"""Training pipelines: a program inside a string, which CloudFormation passes on unread."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops.contract.instance_types import has_instance_store
from mlops.pipeline.disks import instance_type_of, machine_of
from mlops.pipeline.expressions import BRANCHES, references
from mlops.pipeline.gate import PENDING
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template, resources, text

_PIPELINE: Final = "AWS::SageMaker::Pipeline"
_BODY: Final = "Properties.PipelineDefinition.PipelineDefinitionBody"
_LIMIT: Final = 100_000
_JOBS: Final = ("Processing", "Training")
# The isolation of a transform is its model's, which has rules of its own; it has no time limit.
_DISKS: Final = {
    "Processing": "ProcessingResources.ClusterConfig",
    "Training": "ResourceConfig",
    "Transform": "TransformResources",
}
_OUTPUTS: Final = {
    "Processing": ("ProcessingOutputConfig", "Outputs"),
    "Training": ("OutputDataConfig", ""),
    "Transform": ("TransformOutput", ""),
}
"""Where a job says what encrypts its outputs, and what makes that necessary."""
_RUNNING: Final = frozenset(
    {"RoleArn", "ImageUri", "TrainingImage", "Image", "ModelPackageGroupName"}
)
_CODE: Final = "code"


def _bodies(template: Template) -> Iterator[tuple[str, str]]:
    for logical_id, pipeline in resources(template, _PIPELINE):
        body = pipeline.get("PipelineDefinition", {}).get("PipelineDefinitionBody")
        if body is not None:
            yield logical_id, text(body)


def _definition(body: str) -> Mapping[str, Any] | None:
    try:
        definition = json.loads(body)
    except ValueError:
        return None
    return definition if isinstance(definition, dict) else None


def _steps(steps: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """All steps, those in the branches of a condition included."""
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(step.get("Arguments", {}).get(branch, []))


def _jobs(template: Template) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Logical id, step name, step type and arguments of every job in every pipeline."""
    for logical_id, body in _bodies(template):
        for step in _steps((_definition(body) or {}).get("Steps", [])):
            if step.get("Type") in _JOBS:
                yield logical_id, step["Name"], step["Type"], step.get("Arguments", {})


@rule(
    "ML050",
    why="CloudFormation passes the string on; what is wrong with it shows in the deployment",
    remedy="compile the definition anew: mlops pipeline compile <model>",
)
def definition_is_json(template: Template) -> Iterator[Fault]:
    """A pipeline's definition is a JSON document with steps."""
    for logical_id, body in _bodies(template):
        definition = _definition(body)
        if definition is None:
            yield Fault(logical_id=logical_id, where=_BODY, detail="it is not a JSON object")
        elif not definition.get("Steps"):
            yield Fault(logical_id=logical_id, where=_BODY, detail="it has no steps")


@rule(
    "ML051",
    why="CloudFormation limits the whole template to 1 MB and the SDK moves larger bodies to S3",
    remedy="split the pipeline",
)
def definition_is_small(template: Template) -> Iterator[Fault]:
    """A pipeline's definition stays below 100 KB."""
    for logical_id, body in _bodies(template):
        if len(body) > _LIMIT:
            yield Fault(logical_id=logical_id, where=_BODY, detail=f"{len(body)} characters")


@rule(
    "ML052",
    why="the service's own key can be neither shared with the stages nor revoked; for disks of the "
    "instance SageMaker takes none, because their hardware encrypts them",
    remedy="set VolumeKmsKeyId and KmsKeyId in the step, the former not for instance store",
)
def jobs_encrypt(template: Template) -> Iterator[Fault]:
    """A job encrypts its volume and its outputs under a key of ours, where there can be one."""
    for logical_id, body in _bodies(template):
        definition = _definition(body) or {}
        parameters = definition.get("Parameters", [])
        defaults = {one["Name"]: one.get("DefaultValue") for one in parameters}
        for step in _steps(definition.get("Steps", [])):
            for problem in (*_volume_problems(step, defaults), *_output_problems(step)):
                detail = f"{step['Name']} {problem}"
                yield Fault(logical_id=logical_id, where=_BODY, detail=detail)


def _volume_problems(step: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    if step.get("Type") not in _DISKS:
        return
    machine = machine_of({"Arguments": {}, **step})
    place = f"{_DISKS[step['Type']]}.VolumeKmsKeyId"
    by_hardware = has_instance_store(instance_type_of(machine, defaults) or "")
    if by_hardware and machine.get("VolumeKmsKeyId"):
        yield f"has {place} for disks of the instance"
    elif not by_hardware and not machine.get("VolumeKmsKeyId"):
        yield f"lacks {place}"


def _output_problems(step: Mapping[str, Any]) -> Iterator[str]:
    section, needed = _OUTPUTS.get(step.get("Type", ""), ("", ""))
    outputs = step.get("Arguments", {}).get(section, {})
    if section and (not needed or outputs.get(needed)) and not outputs.get("KmsKeyId"):
        yield f"lacks {section}.KmsKeyId"


@rule(
    "ML053",
    why="code with training data at hand and a way out is a leak waiting for a bad dependency",
    remedy="set EnableNetworkIsolation in the step",
)
def jobs_are_isolated(template: Template) -> Iterator[Fault]:
    """A job has no network of its own."""
    yield from _network_faults(template, "EnableNetworkIsolation")


@rule(
    "ML054",
    why="a job of two instances would otherwise send training data in the clear",
    remedy="set EnableInterContainerTrafficEncryption in the step",
)
def jobs_encrypt_traffic(template: Template) -> Iterator[Fault]:
    """A job's containers talk to each other encrypted."""
    yield from _network_faults(template, "EnableInterContainerTrafficEncryption")


def _network_faults(template: Template, switch: str) -> Iterator[Fault]:
    for logical_id, name, kind, arguments in _jobs(template):
        settings = arguments.get("NetworkConfig", {}) if kind == "Processing" else arguments
        if settings.get(switch) is not True:
            yield Fault(logical_id=logical_id, where=_BODY, detail=f"{name} lacks {switch}")


@rule(
    "ML055",
    why="the default is a day of a machine that hangs",
    remedy="set StoppingCondition.MaxRuntimeInSeconds in the step",
)
def jobs_end(template: Template) -> Iterator[Fault]:
    """A job has a time limit."""
    for logical_id, name, _, arguments in _jobs(template):
        if not arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"):
            detail = f"{name} has no time limit"
            yield Fault(logical_id=logical_id, where=_BODY, detail=detail)


@rule(
    "ML056",
    why="whoever starts an execution would approve what it makes",
    remedy="write ModelApprovalStatus: PendingManualApproval into the step",
)
def versions_wait(template: Template) -> Iterator[Fault]:
    """A version is registered as waiting for a decision, whatever an execution is given."""
    for logical_id, step, _ in _registrations(template):
        status = step.get("Arguments", {}).get("ModelApprovalStatus")
        if status != PENDING:
            detail = f"{step['Name']} has ModelApprovalStatus {status}"
            yield Fault(logical_id=logical_id, where=_BODY, detail=detail)


@rule(
    "ML057",
    why="an approver reads the registry's metadata as facts, and an execution's parameters are "
    "whatever its starter wrote",
    remedy="write the value out at synthesis, or let a step find it",
)
def recorded_parameters_are_used(template: Template) -> Iterator[Fault]:
    """A version's metadata name a parameter only where a job of the execution uses it."""
    for logical_id, step, definition in _registrations(template):
        used = {
            target
            for job in _steps(definition["Steps"])
            if job.get("Type") in _JOBS
            for target in _parameters(job)
        }
        metadata = step.get("Arguments", {}).get("CustomerMetadataProperties", {})
        for key, value in metadata.items():
            for target in set(_parameters(value)) - used:
                detail = f"{step['Name']} records {target} as {key}, and no job uses it"
                yield Fault(logical_id=logical_id, where=_BODY, detail=detail)


@rule(
    "ML058",
    why="what is recorded of code and image would be that of a deployment, and not what ran",
    remedy="write the value out at synthesis",
)
def what_runs_is_written_out(template: Template) -> Iterator[Fault]:
    """No parameter chooses the code, the image or the role of a job, or the group of a version."""
    for logical_id, body in _bodies(template):
        for step in _steps((_definition(body) or {}).get("Steps", [])):
            for place, value in _running(step.get("Arguments", {})):
                for target in _parameters(value):
                    detail = f"{step['Name']} has {place} from {target}"
                    yield Fault(logical_id=logical_id, where=_BODY, detail=detail)


def _registrations(
    template: Template,
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Logical id, step and whole definition of everything that registers a version."""
    for logical_id, body in _bodies(template):
        definition = _definition(body) or {}
        for step in _steps(definition.get("Steps", [])):
            if step.get("Type") == "RegisterModel":
                yield logical_id, step, definition


def _running(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a step runs, and as whom."""
    for key, value in _members(arguments):
        if key in _RUNNING:
            yield key, value
    for given in arguments.get("ProcessingInputs", []):
        if given.get("InputName") == _CODE:
            yield _CODE, given
    for given in arguments.get("InputDataConfig", []):
        if given.get("ChannelName") == _CODE:
            yield _CODE, given


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    """Every member at any depth, outside of the steps of a branch."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key not in BRANCHES:
                yield key, value
                yield from _members(value)
    if isinstance(node, list):
        for inner in node:
            yield from _members(inner)


def _parameters(value: object) -> Iterator[str]:
    """The parameters that a value refers to."""
    for reference in references(value, ""):
        if reference.target.startswith("Parameters."):
            yield reference.target


RULES: Final = (
    definition_is_json,
    definition_is_small,
    jobs_encrypt,
    jobs_are_isolated,
    jobs_encrypt_traffic,
    jobs_end,
    versions_wait,
    recorded_parameters_are_used,
    what_runs_is_written_out,
)
