"""The two emulators as servers on loopback: SageMaker's API, and the rest of AWS."""

import contextlib
import http.client
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3

from mlops.rehearsal.local_aws.processes import Command, Processes

LOOPBACK: Final = "127.0.0.1"
REGION: Final = "eu-west-1"
START_SECONDS: Final = 60
SAGEMAKER_ACCOUNT: Final = "222222222222"
"""The account of the registry, and so of all that SageMaker's emulator holds."""
_NOWHERE: Final = f"http://{LOOPBACK}:9"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """An access key of the emulator. One that is an account's number is that account's root."""

    key: str
    secret: str = "emulated"
    token: str | None = None
    """Of a role's session."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that runs, and where it writes its log."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    certificate: Path | None = None

    def client(self, service: str, credentials: Credentials) -> Any:
        """A boto3 client that talks to this server."""
        return boto3.client(  # type: ignore[call-overload]  # the service is not known here
            service,
            region_name=REGION,
            endpoint_url=self.url,
            verify=str(self.certificate) if self.certificate else None,
            aws_access_key_id=credentials.key,
            aws_secret_access_key=credentials.secret,
            aws_session_token=credentials.token,
        )

    def environment(self, credentials: Credentials) -> dict[str, str]:
        """What a program needs to reach this server, and nothing beyond."""
        token = {"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {}
        return {
            **isolated(),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": credentials.key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret,
            **token,
            "AWS_CA_BUNDLE": str(self.certificate),
        }


def isolated() -> dict[str, str]:
    """This environment, with its AWS settings gone and every way out but loopback closed."""
    # The servers and their functions start often: byte code pays, whatever this machine prefers.
    dropped = ("AWS_", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE)
    return (
        kept
        | proxies
        | {
            "NO_PROXY": LOOPBACK,
            "no_proxy": LOOPBACK,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
    )


def start_aws(processes: Processes, programs: Path, folder: Path, *, sagemaker: Server) -> Server:
    """The emulator of everything but SageMaker; it checks every permission.

    Its functions find SageMaker at the other server.
    """
    certificate, key = folder / "server.crt", folder / "server.key"
    script = Path(__file__).with_name("certificate.py")
    subprocess.run([programs / "python", script, folder], check=True)
    port = _free_port()
    (folder / "tmp").mkdir()
    environment = {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "LAMBDA_EXECUTOR": "local",
        "TMPDIR": str(folder / "tmp"),
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        # Listeners beside the API; the first would be on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_CA_BUNDLE": str(certificate),
        "SSL_CERT_FILE": str(certificate),
        "AWS_ENDPOINT_URL_SAGEMAKER": sagemaker.url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": sagemaker.url,
    }
    # Its own program would listen on port 443 as well, where it may.
    program = ["hypercorn", "ministack.app:app", "--bind", f"{LOOPBACK}:{port}"]
    encryption = ["--certfile", str(certificate), "--keyfile", str(key)]
    return _start(
        processes,
        [str(programs / "python"), "-m", *program, *encryption],
        environment,
        log=folder / "aws.log",
        port=port,
        certificate=certificate,
    )


def start_sagemaker(processes: Processes, programs: Path, folder: Path) -> Server:
    """The emulator of SageMaker's API; it asks for no permission and knows one account only."""
    port, account = _free_port(), {"MOTO_ACCOUNT_ID": SAGEMAKER_ACCOUNT}
    program = [str(programs / "moto_server"), "-H", LOOPBACK, "-p", str(port)]
    return _start(processes, program, account, log=folder / "sagemaker.log", port=port)


def _start(
    processes: Processes,
    program: list[str],
    environment: Mapping[str, str],
    *,
    log: Path,
    port: int,
    certificate: Path | None = None,
) -> Server:
    command = Command(
        arguments=program, environment=isolated() | dict(environment), folder=log.parent
    )
    with log.open("wb") as file:
        process = processes.start(command, log=file)
    scheme = "https" if certificate else "http"
    server = Server(
        url=f"{scheme}://{LOOPBACK}:{port}", log=log, process=process, certificate=certificate
    )
    _await(server, port)
    return server


def _await(server: Server, port: int) -> None:
    """Wait until the server answers anything at all.

    Raises:
        RuntimeError: it ended, or its time is over.
    """
    deadline = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = _connection(server, port)
            connection.request("GET", "/")
            connection.getresponse()
            return
        time.sleep(0.1)
    raise RuntimeError(f"{server.url} does not answer:\n{server.log.read_text()[-2000:]}")


def _connection(server: Server, port: int) -> http.client.HTTPConnection:
    if server.certificate is None:
        return http.client.HTTPConnection(LOOPBACK, port, timeout=START_SECONDS)
    context = ssl.create_default_context(cafile=str(server.certificate))
    return http.client.HTTPSConnection(LOOPBACK, port, timeout=START_SECONDS, context=context)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
