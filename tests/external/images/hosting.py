"""A model container as hosting starts it: `serve`, port 8080, a network of its own."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.serving_check import Reply, Server, ServingError, unpack
from tests.external.images.container import Container, Image, give_to_root, memory_bytes
from tests.external.images.images import start_command

PORT: Final = 8080
KILLED_AFTER_SECONDS: Final = 30.0
"""From SIGTERM to SIGKILL."""
HEALTHY_WITHIN_SECONDS: Final = 240.0
"""Start-up time-out of a container, where the variant says nothing."""
_CLONE_NEWNET: Final = 0x40000000
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class ContainerServer(Server):
    """A server that is reached from inside the container's network."""

    def __init__(self, process: subprocess.Popen[bytes], *, log: Path, port: int) -> None:
        super().__init__(log=log, is_alive=lambda: process.poll() is None)
        self.process = process
        self.log = log
        self._port = port

    def wait_until_ready(self) -> None:
        """Return once /ping answers 200.

        Raises:
            ServingError: the container ended, or took longer than the service waits.
        """
        deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                tail = self.log.read_text("utf-8", errors="replace")[-2000:]
                raise ServingError(f"the container ended at its start: {tail}")
            if self._is_healthy():
                return
            time.sleep(0.05)
        raise ServingError(f"not healthy after {HEALTHY_WITHIN_SECONDS:g} s")

    def connection(self) -> http.client.HTTPConnection:
        """A connection that is made inside the container's network."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with network_of(self.process.pid):
            connection.sock = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        return connection

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET."""
        connection = self.connection()
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self) -> None:
        """SIGTERM to the container's first process, as at scale-in."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        (first,) = children.read_text().split()
        os.kill(int(first), signal.SIGTERM)

    def _request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        connection = None
        try:
            connection = self.connection()
            connection.request(method, path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            return Reply(
                status=answer.status,
                body=answer.read(),
                content_type=answer.headers.get("Content-Type", ""),
            )
        except (OSError, http.client.HTTPException) as error:
            raise ServingError(f"{method} {path}: no answer: {error!r}") from error
        finally:
            if connection is not None:
                connection.close()


@contextmanager
def served(
    image: Image,
    *,
    archive: Path,
    folder: Path,
    environment: Mapping[str, str],
    processes: Processes,
    port: int = PORT,
    instance_type: str = "ml.m5.large",
    change: Callable[[Path], None] = lambda _: None,
) -> Iterator[ContainerServer]:
    """A healthy container over an unpacked archive; it ends with the block.

    `change` is what somebody does to the unpacked files before the container starts.
    """
    opt_ml = folder / "opt" / "ml"
    unpack(archive, opt_ml / "model")
    change(opt_ml / "model")
    give_to_root(opt_ml)
    container = Container(
        image=image,
        command=start_command(image.config, ["serve"]),
        environment=environment,
        folder=folder / "layer",
        opt_ml=opt_ml,
        read_only=["/opt/ml/model"],
    )
    path = folder / "log.txt"
    with (
        container.starting(memory=memory_bytes(instance_type)) as command,
        path.open("wb") as log,
    ):
        process = processes.start(command, log=log)
        try:
            server = ContainerServer(process, log=path, port=port)
            server.wait_until_ready()
            yield server
        finally:
            processes.end(process)


@contextmanager
def network_of(pid: int) -> Iterator[None]:
    """This thread, inside the network of another process."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        _enter(other)
        yield
    finally:
        _enter(own)
        os.close(own)
        os.close(other)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
