"""The model's container as an endpoint and as Batch Transform start it, stop it and ask it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlops.contract import Platform, read_examples
from mlops.registry import local_client
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.serving_check import ServingError
from mlops.rehearsal.pipeline.results import Execution
from mlops.rehearsal.workspace import Workspace
from mlops.rollout.content import VARIABLE, content_of_archive
from tests.external.images import hosting
from tests.external.images.conftest import STAGE
from tests.external.images.hosting import KILLED_AFTER_SECONDS, ContainerServer
from tests.external.images.jobs import Runtime
from tests.external.images.layout import batch_environment


@pytest.fixture(scope="module")
def archive(root: Path, platform: Platform, training: Execution) -> Path:
    """The registered version's model.tar.gz."""
    assert training.version is not None, training.failure
    workspace, home = Workspace.of(root), platform.stages.training
    client = local_client(workspace.registry, account=home.account, region=home.region)
    package = client.describe_model_package(ModelPackageName=training.version.arn)
    uri = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    return workspace.storage.path(uri)


@pytest.fixture(scope="module")
def environment(platform: Platform, assembly: Path, runtime: Runtime) -> dict[str, str]:
    """What the synthesized model tells its container in the stage."""
    endpoint = platform.names.endpoint(platform.stages.stage(STAGE), runtime.model)
    synthesized = Assembly(assembly)
    for stack in synthesized.stacks:
        values = synthesized.intrinsics(stack)
        named = [
            values.text(properties["EndpointName"])
            for _, properties in stack.resources("AWS::SageMaker::Endpoint")
        ]
        if endpoint in named:
            ((_, properties),) = stack.resources("AWS::SageMaker::Model")
            (container,) = values.value(properties["Containers"])
            return dict(container.get("Environment", {}))
    raise AssertionError(f"no stack has the endpoint {endpoint}")


@pytest.fixture
def server(
    runtime: Runtime, archive: Path, environment: dict[str, str], tmp_path: Path
) -> Iterator[ContainerServer]:
    """A healthy container of the endpoint."""
    with hosting.served(
        runtime.image,
        archive=archive,
        folder=tmp_path / "serving",
        environment=environment,
        processes=Processes(),
    ) as found:
        yield found


def test_a_healthy_container_answers_as_the_contract_promises(
    server: ContainerServer, root: Path, platform: Platform, runtime: Runtime
) -> None:
    folder = root / "model_code" / platform.model(runtime.model).folder
    example = next(iter(read_examples(folder)))

    reply = server.ask(example.request, example.content_type)
    status, text = reply.status, reply.text

    assert server.get("/ping") == (200, b"")
    assert status == 200, text
    assert json.loads(text)
    runtime.ran("serve")


def flip_a_bit(folder: Path) -> None:
    """In the code that would be imported first."""
    path = folder / "code" / "inference.py"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def link_elsewhere(folder: Path) -> None:
    (folder / "extra").symlink_to("/etc/hostname")


def nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        (flip_a_bit, "recorded", "the archive is not the one that was approved"),
        (link_elsewhere, "recorded", "'extra' is not a file or folder inside the tree"),
        (nothing, "0" * 64, "the archive is not the one that was approved"),
        (nothing, None, "MODEL_CONTENT is not set"),
    ],
)
def test_the_image_starts_nothing_of_an_archive_that_was_not_released(
    *,
    runtime: Runtime,
    archive: Path,
    environment: dict[str, str],
    tmp_path: Path,
    change: Callable[[Path], None],
    expected: str | None,
    said: str,
) -> None:
    told = {key: value for key, value in environment.items() if key != VARIABLE}
    if expected is not None:
        told[VARIABLE] = digest_of(archive) if expected == "recorded" else expected

    with (
        pytest.raises(ServingError, match="ended at its start") as refusal,
        hosting.served(
            runtime.image,
            archive=archive,
            folder=tmp_path / "serving",
            environment=told,
            processes=Processes(),
            change=change,
        ),
    ):
        pass

    (line,) = (tmp_path / "serving" / "log.txt").read_text().splitlines()
    assert json.loads(line)["event"] == "refused to start"
    assert said in str(refusal.value)


def test_the_image_starts_the_archive_that_was_released(
    runtime: Runtime, archive: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with hosting.served(
        runtime.image,
        archive=archive,
        folder=tmp_path / "serving",
        environment={**environment, VARIABLE: digest_of(archive)},
        processes=Processes(),
    ) as server:
        assert server.get("/ping") == (200, b"")

    first = (tmp_path / "serving" / "log.txt").read_text().splitlines()[0]
    assert json.loads(first)["digest"] == digest_of(archive)


def digest_of(archive: Path) -> str:
    with archive.open("rb") as stream:
        return content_of_archive(stream).digest


def test_a_stop_finishes_what_is_under_way_before_the_container_is_killed(
    server: ContainerServer, root: Path, platform: Platform, runtime: Runtime
) -> None:
    folder = root / "model_code" / platform.model(runtime.model).folder
    example = next(iter(read_examples(folder)))
    body = example.request.encode()
    with ExitStack() as open_:
        connection = server.connection()
        open_.callback(connection.close)
        stream = connection.sock.makefile("rb")
        head = (
            "POST /invocations HTTP/1.1",
            "Host: model",
            f"Content-Type: {example.content_type}",
            f"Content-Length: {len(body)}",
            # Its answer says that the server has begun to read this request.
            "Expect: 100-continue",
        )
        connection.sock.sendall("".join(f"{line}\r\n" for line in (*head, "")).encode())
        assert stream.readline().startswith(b"HTTP/1.1 100")

        server.stop()
        connection.sock.sendall(body)
        answer = stream.read()

    assert b"HTTP/1.1 200 OK" in answer
    assert server.process.wait(timeout=KILLED_AFTER_SECONDS) == 0


def test_in_an_inference_pipeline_it_listens_where_sagemaker_says(
    runtime: Runtime, archive: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    labels = runtime.image.config["config"]["Labels"]
    assert labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"

    with hosting.served(
        runtime.image,
        archive=archive,
        folder=tmp_path / "serving",
        environment={**environment, "SAGEMAKER_BIND_TO_PORT": "15000"},
        processes=Processes(),
        port=15000,
    ) as server:
        assert server.get("/ping") == (200, b"")


def test_batch_transform_may_ask_how_it_should_ask(
    runtime: Runtime, archive: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    told = batch_environment({"MaxPayloadInMB": 1, "BatchStrategy": "MultiRecord"})

    with hosting.served(
        runtime.image,
        archive=archive,
        folder=tmp_path / "serving",
        environment={**environment, **told},
        processes=Processes(),
    ) as server:
        status, body = server.get("/execution-parameters")

    assert status == 404 or (status == 200 and isinstance(json.loads(body), dict))
