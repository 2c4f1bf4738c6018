"""The rehearsed prober is the deployed function, and its InvokeEndpoint answers as AWS's does."""

import asyncio
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mlops.rehearsal.canary.exchange import Peer, read_message
from mlops.rehearsal.canary.router import Instance, Router
from mlops.rehearsal.local_aws.prober_runtime import MEASURED_PROBES, Services, _probe_seconds

ANSWERS = {
    "whole": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/csv\r\n"
    b"X-Model-Version: 7\r\nX-Amzn-SageMaker-Custom-Attributes: model-version=7\r\n\r\nhi",
    "an error": b"HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\noops",
    "a refusal": b"HTTP/1.1 400 X\r\nContent-Length: 4\r\n\r\noops",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
}


def answered(answer: bytes, ask: Callable[[int], Any]) -> tuple[Any, list[Any]]:
    """What is made of a container's answer behind the router, and the requests it got."""
    seen: list[Any] = []

    async def play() -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await read_message(reader))
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        router = Router(now=lambda: 0.0, draw=random.Random(1), record=lambda _: None)
        await router.open()
        port = server.sockets[0].getsockname()[1]
        router.fleets["blue"].append(Instance(peer=Peer(port=port)))
        try:
            return await asyncio.to_thread(ask, router.port)
        finally:
            await router.close()

    return asyncio.run(play()), seen


def invoked(answer: bytes) -> tuple[Any, Any]:
    """What boto3 makes of a container's answer, and the request that the container got."""

    def ask(port: int) -> Any:
        client = boto3.client(
            "sagemaker-runtime", region_name="eu-west-1", endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="a", aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip
        found = client.invoke_endpoint(
            EndpointName="acme-prod-churn", ContentType="application/json", Body=b"{}",
            Accept="text/csv", InferenceId="mlops-probe-1",
        )  # fmt: skip
        return found | {"Body": found["Body"].read()}

    made, seen = answered(answer, ask)
    return made, seen[0]


def test_a_request_reaches_the_container_as_sagemaker_sends_it() -> None:
    answer, request = invoked(ANSWERS["whole"])

    assert request.first_line == "POST /invocations HTTP/1.1"
    assert request.headers["accept"] == "text/csv"
    assert request.headers["x-amzn-sagemaker-inference-id"] == "mlops-probe-1"
    assert "authorization" not in request.headers
    assert (answer["Body"], answer["ContentType"]) == (b"hi", "text/csv")
    assert answer["CustomAttributes"] == "model-version=7"
    assert "x-model-version" not in answer["ResponseMetadata"]["HTTPHeaders"]


@pytest.mark.parametrize(("kind", "status"), [("an error", 500), ("a refusal", 400), ("cut", 503)])
def test_what_a_container_does_not_answer_well_is_a_model_error(kind: str, status: int) -> None:
    with pytest.raises(ClientError) as raised:
        invoked(ANSWERS[kind])

    assert raised.value.response["Error"]["Code"] == "ModelError"
    assert raised.value.response["OriginalStatusCode"] == status


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_endpoint_is_measured_whatever_it_answers(kind: str) -> None:
    """The old fleet may be sick before the first probe; its release is what the rehearsal is of."""

    def measure(port: int) -> float:
        services = Services(request={"port": port, "region": "eu-west-1"}, told=io.StringIO())
        asked = {"endpoint": "acme-prod-churn", "content_type": "application/json", "body": "{}"}
        return _probe_seconds(services, asked)

    seconds, seen = answered(ANSWERS[kind], measure)

    assert seconds > 0
    assert len(seen) == MEASURED_PROBES


SILENT = '''
def handler(event, context):
    """Says that all is well, and publishes nothing."""
    return {"probes": 11, "wrong": 0, "unanswered": 0, "unscored": 0, "unrecorded": 0}
'''


def replace_handler(archive: Path, code: str) -> None:
    with zipfile.ZipFile(archive) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    files["mlops_handlers/rollout/prober.py"] = code.encode()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)


def test_what_probes_is_the_code_that_the_assembly_deploys(site: Any, monkeypatch: Any) -> None:
    """A prober that is silent on AWS is silent here, whatever the repository holds."""
    assembly = type(site).assembly

    def edited(self: Any) -> Path:
        folder = assembly(self)
        (archive,) = folder.glob("rollout-*.zip")
        replace_handler(archive, SILENT)
        return folder

    monkeypatch.setattr(type(site), "assembly", edited)

    result = site.deploy("wrong-answers-inverted")

    assert result.observed == "promoted"
    assert result.probes
    assert result.probes % 11 == 0


def test_a_prober_that_cannot_be_started_is_said_with_its_last_words(site: Any) -> None:
    site.properties("Prober")["Handler"] = "mlops_handlers.nobody.handler"

    with pytest.raises(Exception, match=r"the prober.*nobody"):
        site.deploy("none")
