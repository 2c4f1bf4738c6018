"""The delivery account's images and connection, read only."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open

MANIFESTS: Final = "image-manifests"
CONNECTION: Final = "connection"
_DOCKER: Final = "application/vnd.docker.distribution.manifest.v2+json"
_ACCEPTED: Final = (
    _DOCKER,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)


def manifests(ground: Ground) -> Probe:
    """Read the manifest of each image that the stage's pipelines run."""
    calls = {uri: _manifest(uri, ground) for uri in _images(ground)}
    if not calls:
        return idle(MANIFESTS, "no pipeline of the stage runs an image of ours")
    return Probe(assumption=MANIFESTS, calls=tuple(calls.values()), judge=_manifests_judged)


def connection(ground: Ground) -> Probe:
    """Ask for the state of the connection through which commits come and go."""
    source = ground.names.stages.delivery.source
    if source is None or source.connection is None:
        return idle(CONNECTION, "config/stages.yaml names no delivery.source.connection")
    service = source.connection.split(":")[2]
    call = Call(
        name=CONNECTION, place="delivery", service=service, operation="GetConnection",
        request={"ConnectionArn": source.connection},
    )  # fmt: skip
    return Probe(assumption=CONNECTION, calls=(call,), judge=_connection_judged)


def _images(ground: Ground) -> Iterator[str]:
    registry = f"{ground.names.stages.delivery.account}.dkr.ecr."
    for pipeline in ground.pipelines:
        yield from (text for text in _texts(pipeline.definition) if text.startswith(registry))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _manifest(uri: str, ground: Ground) -> Call:
    repository, _, tag = uri.partition("/")[2].rpartition(":")
    return Call(
        name=uri,
        place="delivery",
        service="ecr",
        operation="BatchGetImage",
        request={
            "registryId": ground.names.stages.delivery.account,
            "repositoryName": repository,
            "imageIds": [{"imageTag": tag}],
            "acceptedMediaTypes": list(_ACCEPTED),
        },
    )


def _manifests_judged(answers: Answers) -> Verdict:
    for uri, answer in answers.items():
        if isinstance(answer, Refusal):
            return still_open(f"{uri}: {answer}")
        if not answer.get("images"):
            return still_open(f"{uri} was not pushed yet")
        kind = _media_type(answer["images"][0])
        if kind != _DOCKER:
            return broken(f"{uri} is {kind}; SageMaker takes {_DOCKER}")
    return held(f"{len(answers)} images have a manifest that SageMaker takes")


def _media_type(image: Any) -> str:
    told = image.get("imageManifestMediaType") or json.loads(image["imageManifest"]).get(
        "mediaType"
    )
    return str(told)


def _connection_judged(answers: Answers) -> Verdict:
    answer = answers[CONNECTION]
    if isinstance(answer, Refusal):
        return still_open(str(answer))
    status = answer["Connection"]["ConnectionStatus"]
    if status != "AVAILABLE":
        return broken(f"the connection is {status}; authorise it in the console")
    return held("the connection is authorised")
