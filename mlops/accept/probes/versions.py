"""What the model registry takes and keeps, tried on a group of the kit's own."""

from collections.abc import Mapping
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground, Pipeline
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open
from mlops.accept.values import filled

METADATA: Final = "package-metadata"
DIGEST: Final = "package-digest"
_DIGEST_OF_NOTHING: Final = "sha256:" + "0" * 64


def metadata(ground: Ground) -> Probe:
    """Register what the pipeline's last step registers, read it back, and delete it."""
    pipeline = ground.training
    if pipeline is None:
        return idle(METADATA, "another stage trains and holds the registry")
    request = _request(pipeline, ground, METADATA)
    calls = (*_around(ground, METADATA), _registration(request), _DESCRIPTION)
    return Probe(assumption=METADATA, calls=calls, judge=lambda answers: _kept(request, answers))


def digest(ground: Ground) -> Probe:
    """Register a package whose image has another digest than it says."""
    pipeline = ground.training
    if pipeline is None:
        return idle(DIGEST, "another stage trains and holds the registry")
    request = _request(pipeline, ground, DIGEST)
    (container,) = request["InferenceSpecification"]["Containers"]
    container["ImageDigest"] = _DIGEST_OF_NOTHING
    calls = (*_around(ground, DIGEST), _registration(request))
    return Probe(assumption=DIGEST, calls=calls, judge=_digest_judged)


def _request(pipeline: Pipeline, ground: Ground, purpose: str) -> dict[str, Any]:
    step = pipeline.step("RegisterModel")
    assert step is not None  # the ground's training pipeline is the one that has it
    request: dict[str, Any] = filled(step["Arguments"], pipeline, ground)
    request["ModelPackageGroupName"] = ground.name(purpose)
    request["ModelApprovalStatus"] = "PendingManualApproval"
    (container,) = request["InferenceSpecification"]["Containers"]
    container["ModelDataUrl"] = f"s3://{_bucket(ground)}/{_key(ground, purpose)}"
    return {name: value for name, value in request.items() if value != {}}


def _around(ground: Ground, purpose: str) -> tuple[Call, ...]:
    """The group, and an archive for the package to refer to."""
    where = {"Bucket": _bucket(ground), "Key": _key(ground, purpose)}
    group = {"ModelPackageGroupName": ground.name(purpose)}
    return (
        Call(
            name="archive", place="stage", service="s3", operation="PutObject",
            request={**where, "Body": b""},
            undo=Call(
                name="archive", place="stage", service="s3", operation="DeleteObject",
                request=where, taken={"VersionId": ("archive", "VersionId")},
            ),
        ),
        Call(
            name="group", place="stage", service="sagemaker", operation="CreateModelPackageGroup",
            request=group,
            undo=Call(
                name="group", place="stage", service="sagemaker",
                operation="DeleteModelPackageGroup", request=group,
            ),
        ),
    )  # fmt: skip


def _registration(request: Mapping[str, Any]) -> Call:
    return Call(
        name="version", place="stage", service="sagemaker", operation="CreateModelPackage",
        request=request,
        undo=Call(
            name="version", place="stage", service="sagemaker", operation="DeleteModelPackage",
            request={}, taken={"ModelPackageName": ("version", "ModelPackageArn")},
        ),
    )  # fmt: skip


_DESCRIPTION: Final = Call(
    name="described", place="stage", service="sagemaker", operation="DescribeModelPackage",
    request={}, taken={"ModelPackageName": ("version", "ModelPackageArn")},
)  # fmt: skip


def _kept(request: Mapping[str, Any], answers: Answers) -> Verdict:
    for name in ("archive", "group"):
        if isinstance(answers[name], Refusal):
            return still_open(f"{name}: {answers[name]}")
    made, found = answers["version"], answers["described"]
    if isinstance(made, Refusal):
        absent = "image" in made.message.lower() and "exist" in made.message.lower()
        return still_open(f"{made}; push the image first") if absent else broken(str(made))
    if isinstance(found, Refusal):
        return still_open(str(found))
    names = ("CustomerMetadataProperties", "ModelApprovalStatus", "ModelMetrics", "ModelCard")
    lost = [one for one in names if one in request and found.get(one) != request[one]]
    if lost:
        return broken(f"the registered version came back with another {', '.join(lost)}")
    count = len(request["CustomerMetadataProperties"])
    return held(f"a version with {count} properties was registered as it was sent")


def _digest_judged(answers: Answers) -> Verdict:
    for name in ("archive", "group"):
        if isinstance(answers[name], Refusal):
            return still_open(f"{name}: {answers[name]}")
    made = answers["version"]
    if isinstance(made, Refusal):
        told = "digest" in made.message.lower()
        return held(str(made)) if told else still_open(f"refused for another reason: {made}")
    return broken("a package with another image's digest was accepted")


def _bucket(ground: Ground) -> str:
    return ground.names.artifact_bucket(ground.stage)


def _key(ground: Ground, purpose: str) -> str:
    return f"{ground.name(purpose)}/model.tar.gz"
