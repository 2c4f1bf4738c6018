"""Whether CreatePipeline takes the definitions; nothing is executed.

A role of the kit's own that may do nothing stands for the pipelines', so that this can be asked
before anything is deployed.
"""

import json
from typing import Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground, Pipeline
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open

DEFINITIONS: Final = "pipeline-definitions"
_ROLE: Final = "role"
_SETTLE_SECONDS: Final = 15.0
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def definitions(ground: Ground) -> Probe:
    """Make every pipeline of the stage under a name of the kit's own, and delete it."""
    if not ground.pipelines:
        return idle(DEFINITIONS, "the stage has no pipeline")
    calls = tuple(
        _creation(pipeline, ground, number) for number, pipeline in enumerate(ground.pipelines, 1)
    )
    return Probe(assumption=DEFINITIONS, calls=(_role(ground), *calls), judge=_judged)


def _role(ground: Ground) -> Call:
    name = {"RoleName": ground.name(_ROLE)}
    boundary = ground.stage.permissions_boundary
    return Call(
        name=_ROLE, place="stage", service="iam", operation="CreateRole",
        request={
            **name,
            "AssumeRolePolicyDocument": json.dumps(_TRUST),
            **({"PermissionsBoundary": f"arn:aws:iam::{ground.stage.account}:policy/{boundary}"}
               if boundary else {}),
        },
        settle_seconds=_SETTLE_SECONDS,
        undo=Call(
            name=_ROLE, place="stage", service="iam", operation="DeleteRole", request=name
        ),
    )  # fmt: skip


def _creation(pipeline: Pipeline, ground: Ground, number: int) -> Call:
    name = ground.name(f"definition-{number}")
    undo = Call(
        name=f"delete {name}",
        place="stage",
        service="sagemaker",
        operation="DeletePipeline",
        request={
            "PipelineName": name,
            "ClientRequestToken": f"{name}-{ground.stamp}".ljust(32, "-"),
        },
    )
    return Call(
        name=pipeline.name,
        place="stage",
        service="sagemaker",
        operation="CreatePipeline",
        request={
            "PipelineName": name,
            "PipelineDefinition": json.dumps(pipeline.definition),
            "ClientRequestToken": f"{name}-{ground.stamp}-new".ljust(32, "-"),
            "RoleArn": f"arn:aws:iam::{ground.stage.account}:role/{ground.name(_ROLE)}",
        },
        undo=undo,
    )


def _judged(answers: Answers) -> Verdict:
    refused = {name: said for name, said in answers.items() if isinstance(said, Refusal)}
    if _ROLE in refused:
        return still_open(f"the role was not made: {refused[_ROLE]}")
    for name, said in refused.items():
        return broken(f"{name}: {said}")
    return held(f"{len(answers) - 1} definitions were accepted")
