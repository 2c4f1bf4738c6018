"""Finds what a version's registration says of its origin: who started the execution, why, on what.

Nothing here is taken from a parameter. Who started it is SageMaker's own record of the caller. A
training counts as automatic only if the caller was the role of the function that starts trainings;
then the execution's name and description are that function's words. Which data was read is what
the first job recorded before a model's own code ran.
"""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import boto3

UNRECORDED: Final = "unrecorded"
NONE: Final = "none"
PERSON: Final = "person"
_AUTOMATIC: Final = re.compile(r"automatic-([a-z]+)-.+")
_ROLE: Final = re.compile(r"arn:[^:]+:sts::\d{12}:assumed-role/([^/]+)/.+")
_REFUSED: Final = re.compile(r"[^\w .:/=+@-]")
_LONGEST: Final = 256
"""The registry takes no longer value in a version's metadata, and no other characters."""


class MixedExecutionError(ValueError):
    """An execution whose version would be made of the steps of another one."""


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Answer the pipeline's step.

    Raises:
        MixedExecutionError: the execution runs a selection of steps on another one's outputs.
    """
    execution = _client("sagemaker").describe_pipeline_execution(
        PipelineExecutionArn=event["Execution"]
    )
    _refuse_selection(execution)
    identity = execution.get("CreatedBy", {}).get("IamIdentity", {})
    trigger, evidence = _trigger(execution, str(identity.get("Arn", "")))
    answer = {
        "DataVersion": _data_version(event["DataRecord"]),
        "StartedBy": execution.get("CreatedBy", {}).get("UserProfileArn") or identity.get("Arn"),
        "StartedById": identity.get("PrincipalId"),
        "Trigger": trigger,
        "TriggerEvidence": evidence,
    }
    return {name: _storable(value or UNRECORDED) for name, value in answer.items()}


def _refuse_selection(execution: Mapping[str, Any]) -> None:
    """The commit and the code of a definition are those of all its steps, or of none."""
    source = execution.get("SelectiveExecutionConfig", {}).get("SourcePipelineExecutionArn")
    if source:
        raise MixedExecutionError(
            f"this execution runs a selection of its steps on the outputs of {source}; what it "
            "would register was made by both; remedy: start a whole execution"
        )


def _trigger(execution: Mapping[str, Any], starter: str) -> tuple[str, str]:
    """What started the execution, and the evidence for it."""
    role = _ROLE.fullmatch(starter)
    if not role:
        return (PERSON if starter else UNRECORDED), NONE
    if role[1] != os.environ.get("STARTER_ROLE"):
        return PERSON, NONE
    named = _AUTOMATIC.fullmatch(execution.get("PipelineExecutionDisplayName", ""))
    if named is None or not _is_as_started(execution):
        return UNRECORDED, NONE
    return named[1], execution.get("PipelineExecutionDescription") or NONE


def _is_as_started(execution: Mapping[str, Any]) -> bool:
    """Whether nobody but the starter has written the execution's name and description since."""
    changed = execution.get("LastModifiedBy", {}).get("IamIdentity", {})
    return changed.get("Arn") in (None, execution["CreatedBy"]["IamIdentity"]["Arn"])


def _data_version(uri: str) -> str:
    place = urlsplit(uri)
    found = _client("s3").get_object(Bucket=place.netloc, Key=place.path.removeprefix("/"))
    return str(json.loads(found["Body"].read())["version"])


def _storable(text: str) -> str:
    return _REFUSED.sub("_", text)[:_LONGEST]


@cache
def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]  # the stubs know literal names only
