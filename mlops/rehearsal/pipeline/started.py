"""Who or what started a rehearsed execution, as SageMaker would describe it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops.rehearsal.local_aws.assembly import SynthesizedFunction


@dataclass(frozen=True, kw_only=True)
class StartedExecution:
    """What DescribePipelineExecution says of a start."""

    created_by: Mapping[str, Any]
    """A UserContext of the API."""
    name: str = ""
    description: str = ""

    def described(self, arn: str) -> dict[str, Any]:
        """The answer of DescribePipelineExecution, as far as it is about the start."""
        answer = {
            "PipelineArn": arn.partition("/execution/")[0],
            "PipelineExecutionArn": arn,
            "PipelineExecutionDisplayName": self.name,
            "PipelineExecutionDescription": self.description,
            "PipelineExecutionStatus": "Executing",
            "CreatedBy": dict(self.created_by),
            "LastModifiedBy": dict(self.created_by),
        }
        return {key: value for key, value in answer.items() if value}


BY_HAND: Final = StartedExecution(created_by={"UserProfileName": "local"})
"""Whoever rehearses: the local registry calls its only user by the same name."""


def by_function(function: SynthesizedFunction, *, name: str, description: str) -> StartedExecution:
    """An execution that a function started: SageMaker records its role, and it as the session."""
    *_, account, _, session = function.arn.split(":")
    identity = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{function.role}/{session}",
        "PrincipalId": f"AROAREHEARSEDROLE00000:{session}",
    }
    return StartedExecution(
        created_by={"IamIdentity": identity}, name=name, description=description
    )
