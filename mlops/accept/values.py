"""Arguments of a pipeline's step with everything filled in that an execution would compute."""

from collections.abc import Mapping
from typing import Any, Final

from mlops.accept.ground import Ground, Pipeline

_READ: Final = "0" * 64
"""Stands for what a step wrote into a file: pipelines hand on hashes of content that way."""


def filled(value: Any, pipeline: Pipeline, ground: Ground) -> Any:
    """A value with its functions evaluated, as in some execution of the pipeline."""
    if isinstance(value, Mapping):
        if set(value) == {"Get"}:
            return _got(str(value["Get"]), pipeline, ground)
        if set(value) == {"Std:Join"}:
            joined = value["Std:Join"]
            parts = (str(filled(part, pipeline, ground)) for part in joined["Values"])
            return str(joined["On"]).join(parts)
        if set(value) == {"Std:JsonGet"}:
            return _READ
        return {key: filled(inner, pipeline, ground) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, pipeline, ground) for inner in value]
    return value


def _got(reference: str, pipeline: Pipeline, ground: Ground) -> Any:
    kind, _, name = reference.partition(".")
    if kind == "Parameters":
        return pipeline.defaults[name]
    execution = f"{ground.names.project}{ground.stamp}"[-12:].rjust(12, "x")
    place = f"{ground.stage.region}:{ground.stage.account}"
    known = {
        "Execution.PipelineExecutionId": execution,
        "Execution.PipelineArn": f"arn:aws:sagemaker:{place}:pipeline/{pipeline.name}",
        "Execution.PipelineExecutionArn": (
            f"arn:aws:sagemaker:{place}:pipeline/{pipeline.name}/execution/{execution}"
        ),
        "Execution.PipelineName": pipeline.name,
    }
    if reference in known:
        return known[reference]
    if "OutputParameters" in reference:
        return "1"
    bucket = ground.names.artifact_bucket(ground.stage)
    return f"s3://{bucket}/models/{pipeline.name}/{execution}/{name.split('.')[0]}"
