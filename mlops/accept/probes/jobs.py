"""One small processing job: image, container user, mounts, keys and roles, all at once."""

from collections.abc import Mapping
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal, Response
from mlops.accept.ground import PREFIX, Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open
from mlops.accept.values import filled

START: Final = "job-start"
_MACHINE: Final = "ml.t3.medium"
_MINUTES: Final = 10
_OUTPUT: Final = "/opt/ml/processing/output/accept"
_PROGRAM: Final = (
    f"import os, pathlib; folder = pathlib.Path('{_OUTPUT}'); "
    "folder.mkdir(parents=True, exist_ok=True); (folder / 'user').write_text(str(os.getuid()))"
)
_ENDED: Final = ("Completed", "Failed", "Stopped")


def start(ground: Ground) -> Probe:
    """Run the pipeline's first job with a program of one line instead of the model's."""
    pipeline = ground.training
    step = pipeline.step("Processing") if pipeline else None
    if pipeline is None or step is None:
        return idle(START, "the stage trains nothing")
    arguments: dict[str, Any] = filled(step["Arguments"], pipeline, ground)
    name = f"{ground.name('job')}-{ground.stamp}"
    output = f"{_artifacts(step)}/{PREFIX}-{ground.stamp}/{step['Name']}/{PREFIX}"
    bucket, _, prefix = output.removeprefix("s3://").partition("/")
    stop = Call(
        name="stop", place="stage", service="sagemaker", operation="StopProcessingJob",
        request={"ProcessingJobName": name}, spent=("ValidationException", "ResourceNotFound"),
    )  # fmt: skip
    file = {"Bucket": bucket, "Key": f"{prefix}/user"}
    calls = (
        Call(name="job", place="stage", service="sagemaker", operation="CreateProcessingJob",
             request=_request(arguments, name, output), undo=stop),
        Call(name="end", place="stage", service="sagemaker", operation="DescribeProcessingJob",
             request={"ProcessingJobName": name}, until=_has_ended),
        Call(name="user", place="stage", service="s3", operation="GetObject", request=file,
             undo=Call(name="user", place="stage", service="s3", operation="DeleteObject",
                       request=file, taken={"VersionId": ("user", "VersionId")})),
    )  # fmt: skip
    cost = f"one {_MACHINE} for {_MINUTES} minutes at most, about 0.01 USD"
    return Probe(assumption=START, calls=calls, judge=_judged, cost=cost, needs_stacks=True)


def _artifacts(step: Mapping[str, Any]) -> str:
    """Where the step's role may write: the place that every output of the step begins with."""
    written = step["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    return str(written["Std:Join"]["Values"][0])


def _request(arguments: dict[str, Any], name: str, output: str) -> dict[str, Any]:
    machine = arguments["ProcessingResources"]["ClusterConfig"]
    program = {"ContainerEntrypoint": ["python", "-c", _PROGRAM]}
    kept: dict[str, Any] = {
        key: arguments[key] for key in ("RoleArn", "NetworkConfig") if key in arguments
    }
    results = arguments["ProcessingOutputConfig"]
    sent = {
        "OutputName": PREFIX,
        "S3Output": {"S3Uri": output, "LocalPath": _OUTPUT, "S3UploadMode": "EndOfJob"},
    }
    return {
        **kept,
        "ProcessingJobName": name,
        "ProcessingResources": {
            "ClusterConfig": {**machine, "InstanceType": _MACHINE, "InstanceCount": 1}
        },
        "AppSpecification": {"ImageUri": arguments["AppSpecification"]["ImageUri"], **program},
        "ProcessingOutputConfig": {**results, "Outputs": [sent]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60 * _MINUTES},
    }


def _has_ended(answer: Response) -> bool:
    return answer["ProcessingJobStatus"] in _ENDED


def _judged(answers: Answers) -> Verdict:
    job, end, user = answers["job"], answers["end"], answers["user"]
    if isinstance(job, Refusal):
        return broken(str(job))
    if isinstance(end, Refusal):
        return still_open(str(end))
    status = end["ProcessingJobStatus"]
    if status == "Failed":
        why = end.get("ExitMessage") or end.get("FailureReason")
        return broken(f"the job failed: {why}")
    if status != "Completed":
        return still_open(f"the job was {status} when patience ended")
    if isinstance(user, Refusal):
        return broken(f"the job wrote nothing that can be read: {user}")
    return held(f"the job ran as user {user['Body'].read().decode()} and wrote its output")
