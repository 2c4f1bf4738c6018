"""The emulators are reachable from this machine alone, and leave nothing behind."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.rehearsal.local_aws.processes import Processes
from tests.external.emulator.servers import LOOPBACK, Server, start_sagemaker

pytestmark = pytest.mark.full


def listening(process_id: int) -> set[str]:
    """Addresses on which a process accepts connections, as Linux tells them."""
    files = Path(f"/proc/{process_id}/fd").iterdir()
    own = {str(file.readlink()) for file in files if file.is_symlink()}
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process_id}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                found.add(fields[1])
    return found


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs Linux's /proc")
def test_the_servers_listen_on_one_port_of_loopback_each(aws: Server, sagemaker: Server) -> None:
    for server in (aws, sagemaker):
        port = int(server.url.rpartition(":")[2])

        assert server.url.split("://")[1] == f"{LOOPBACK}:{port}"
        assert listening(server.process.pid) == {f"0100007F:{port:04X}"}


def test_a_stopped_server_leaves_no_process(tools: Callable[[str], Path], tmp_path: Path) -> None:
    processes = Processes()
    server = start_sagemaker(processes, tools("emulator"), tmp_path)

    processes.stop()

    assert server.process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.killpg(server.process.pid, 0)


def test_a_server_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "moto_server"
    program.write_text("#!/bin/sh\necho no such port\nexit 1\n")
    program.chmod(0o755)

    with pytest.raises(RuntimeError, match="does not answer:\nno such port"):
        start_sagemaker(Processes(), programs, tmp_path)
