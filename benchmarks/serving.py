"""Our model server beside its peers: one archive, one request, one core, one run.

Every server has one core and the load generator the other. Throughput comes from callers that ask
again as soon as they are answered; latency from a fixed rate that does not wait for answers, each
measured from the moment at which its request was due. The baseline is flask on gunicorn.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements/bench-serving.txt"
MODEL_LOCK = ROOT / "model_code/bike_demand/requirements.lock"
HOME = ROOT / ".envs/bench-serving"
PYTHON = HOME / "bin/python"
PEERS = ROOT / "benchmarks/peers"
SERVING = ROOT / "mlops/container/serving"
REQUEST = ROOT / "model_code/bike_demand/examples/summer-evening.request.json"
OURS = ("starlette", "uvicorn", "httptools", "uvloop")
PEER_PACKAGES = ("flask", "gunicorn", "inference-server")
LOOPBACK = "127.0.0.1"
START_SECONDS = 20
CALLERS = 8
OPEN_CALLERS = 64
DIGITS_UP_TO = 100
OK = 200


@dataclass(frozen=True, kw_only=True)
class Server:
    """A way to serve the archive."""

    name: str
    arguments: tuple[str, ...]
    python_path: str = ""


def gunicorn(name: str, application: str, *options: str) -> Server:
    """A peer with one worker process: there is one core."""
    return Server(
        name=name,
        arguments=(
            "-m", "gunicorn", "--bind", f"{LOOPBACK}:PORT", "--workers", "1", "--log-level",
            "error", "--chdir", str(PEERS), *options, application,
        ),
    )  # fmt: skip


THREADS = ("--worker-class", "gthread", "--threads", "4", "--keep-alive", "75")
OUR_COMMAND = ("CODE/serve.py", "--model-dir", "MODEL", "--host", LOOPBACK, "--port", "PORT")
BASELINE = gunicorn("flask + gunicorn sync", "flask_app:app")
SERVERS = (
    BASELINE,
    gunicorn("flask + gunicorn gthread", "flask_app:app", *THREADS),
    gunicorn("inference-server + gunicorn sync", "inference_server_app:app"),
    gunicorn("inference-server + gunicorn gthread", "inference_server_app:app", *THREADS),
    Server(name="ours without httptools, uvloop", arguments=OUR_COMMAND, python_path="MODEL/plain"),
    Server(name="ours: starlette + uvicorn", arguments=OUR_COMMAND),
)


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the servers are put under."""

    seconds: float
    rate: float
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one server did."""

    name: str
    start_seconds: float
    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    lag_ms: float
    failed: int
    answer: object
    spread: float = 0.0
    """How far the slowest round's throughput was below the fastest one's, as a share."""


class Caller(asyncio.Protocol):
    """One connection that sends the request and waits for the whole answer; opened when needed."""

    def __init__(self, port: int, body: bytes) -> None:
        self._port = port
        head = f"POST /invocations HTTP/1.1\r\nhost: {LOOPBACK}\r\ncontent-type: application/json"
        self._request = f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect the answer; it is complete once its announced length is there."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        announced = re.search(rb"(?i)content-length: (\d+)", head)
        if not found or announced is None or len(body) < int(announced[1]):
            return
        if head.split(b" ", 2)[1] != b"200":
            self._finish(RuntimeError(head.decode()))
            return
        if b"connection: close" in head.lower():
            self.close()
        self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The next request opens another one."""
        self._transport = None
        self._finish(exc or ConnectionResetError("closed before the answer"))

    async def ask(self) -> None:
        """One request and its answer."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, LOOPBACK, self._port)
        assert self._transport is not None
        self._received, self._answered = b"", loop.create_future()
        self._transport.write(self._request)
        await self._answered

    def close(self) -> None:
        """Hang up; whatever the old connection still says is no answer to the next request."""
        if self._transport is not None:
            self._transport.set_protocol(asyncio.Protocol())
            self._transport.close()
            self._transport = None

    def _finish(self, error: Exception | None) -> None:
        if self._answered is None or self._answered.done():
            return
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", type=Path, help="a model.tar.gz; default: the newest local")
    parser.add_argument("--seconds", type=float, default=2.0, help="per server and kind of load")
    parser.add_argument("--rounds", type=int, default=3, help="servers take turns; best of all")
    parser.add_argument("--rate", type=float, default=400.0, help="requests per second, fixed load")
    given = parser.parse_args()
    load = Load(seconds=given.seconds, rate=given.rate, body=REQUEST.read_bytes())
    archive = given.archive or newest_archive()
    refuse_other_versions()
    ensure_environment()
    with tempfile.TemporaryDirectory() as folder:
        model = unpacked(archive, Path(folder))
        rounds = [
            [measured(server, model, load) for server in SERVERS] for _ in range(given.rounds)
        ]
    report([best(list(results)) for results in zip(*rounds, strict=True)], load)


def newest_archive() -> Path:
    """The archive that was trained last on this machine."""
    found = (ROOT / ".mlops/s3").glob("*/models/bike-demand/**/model.tar.gz")
    newest = max(found, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        sys.exit("no archive below .mlops/s3; remedy: `mlops rehearse pipeline bike-demand`")
    return newest


def shown(value: float) -> str:
    """Counts and large figures without decimals."""
    return f"{value:.{0 if isinstance(value, int) or value > DIGITS_UP_TO else 2}f}"


def refuse_other_versions() -> None:
    """What both locks pin must be the same: we measure the server that the image would run."""
    ours, image = pinned(LOCK), pinned(MODEL_LOCK)
    for name in sorted({*OURS, "numpy", "onnxruntime"}):
        if ours[name] != image[name]:
            sys.exit(
                f"{LOCK.name}: {name} is {ours[name]}, in the model's image {image[name]};"
                " remedy: the same pin in requirements/bench-serving.in, then `make lock`"
            )


def ensure_environment() -> None:
    """The environment of the lock, made again whenever the lock changed."""
    digest, ready = hashlib.sha256(LOCK.read_bytes()).hexdigest(), HOME / "lock.sha256"
    if ready.is_file() and ready.read_text() == digest:
        return
    print(f"installing {LOCK.name} into {HOME.relative_to(ROOT)}, once per content")
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, str(HOME)], check=True)
    install = [*uv, "pip", "sync", "--require-hashes", "--compile-bytecode", "--python"]
    subprocess.run([*install, str(PYTHON), str(LOCK)], check=True)
    ready.write_text(digest)


def unpacked(archive: Path, folder: Path) -> Path:
    """The archive with the server of this checkout: what is measured is what would be packed."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    for path in SERVING.glob("*.py"):
        shutil.copy(path, folder / "code")
    (folder / "plain").mkdir()
    for name in ("httptools", "uvloop"):
        (folder / "plain" / f"{name}.py").write_text("raise ImportError")
    return folder


def measured(server: Server, model: Path, load: Load) -> Result:
    """Both kinds of load on a fresh server."""
    with running(server, model) as (process, port, start_seconds):
        answer = checked(port, load.body)
        asyncio.run(closed_loop(port, load.body, 0.5))
        before = cpu_seconds(process.pid)
        count, seconds = asyncio.run(closed_loop(port, load.body, load.seconds))
        cpu = cpu_seconds(process.pid) - before
        latencies, lags, failed = asyncio.run(open_loop(port, load))
    return Result(
        name=server.name,
        start_seconds=start_seconds,
        per_second=count / seconds,
        cpu_us=1e6 * cpu / count,
        p50_ms=1000 * statistics.median(latencies),
        p99_ms=1000 * percentile(latencies, 99),
        lag_ms=1000 * percentile(lags, 99),
        failed=failed,
        answer=answer,
    )


def best(results: list[Result]) -> Result:
    """The best of each column: what else the machine does can only make it worse."""
    per_second = [result.per_second for result in results]
    return Result(
        name=results[0].name,
        start_seconds=min(result.start_seconds for result in results),
        per_second=max(per_second),
        cpu_us=min(result.cpu_us for result in results),
        p50_ms=min(result.p50_ms for result in results),
        p99_ms=min(result.p99_ms for result in results),
        lag_ms=min(result.lag_ms for result in results),
        failed=sum(result.failed for result in results),
        answer=results[0].answer,
        spread=1 - min(per_second) / max(per_second),
    )


@contextmanager
def running(server: Server, model: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """The server on its core, healthy; ended with everything that it started."""
    port = free_port()
    words = {"PORT": str(port), "MODEL": str(model), "CODE": str(model / "code")}
    path, *arguments = (
        re.sub("PORT|MODEL|CODE", lambda found: words[found[0]], text)
        for text in (server.python_path, *server.arguments)
    )
    environment = {"PATH": os.environ["PATH"], "MODEL_DIR": str(model), "PYTHONPATH": path}
    began = time.perf_counter()
    with on_core(SERVER_CORE):
        process = subprocess.Popen(
            [str(PYTHON), *arguments], env=environment, stdout=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        wait_until_healthy(process, port, server.name)
        yield process, port, time.perf_counter() - began
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_healthy(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    """Return once /ping answers 200."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
            connection.request("GET", "/ping")
            if connection.getresponse().status == OK:
                return
        time.sleep(0.01)
    sys.exit(f"{name}: not healthy, exit code {process.poll()}")


def checked(port: int, body: bytes) -> object:
    """The answer to the request, which must be the same for all."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    connection.request("POST", "/invocations", body, {"content-type": "application/json"})
    return json.loads(connection.getresponse().read())


async def closed_loop(port: int, body: bytes, seconds: float) -> tuple[int, float]:
    """How many answers a few callers get that ask without a pause."""
    began = time.perf_counter()

    async def keep_asking() -> int:
        caller, count = Caller(port, body), 0
        while time.perf_counter() - began < seconds:
            await caller.ask()
            count += 1
        caller.close()
        return count

    counts = await asyncio.gather(*(keep_asking() for _ in range(CALLERS)))
    return sum(counts), time.perf_counter() - began


async def open_loop(port: int, load: Load) -> tuple[list[float], list[float], int]:
    """Latencies at a fixed rate from when each request was due, our own lateness, and failures."""
    idle = [Caller(port, load.body) for _ in range(OPEN_CALLERS)]
    free = asyncio.Semaphore(OPEN_CALLERS)
    latencies: list[float] = []
    lags: list[float] = []
    began = time.perf_counter()

    async def ask(due: float) -> None:
        lags.append(time.perf_counter() - due)
        async with free:
            caller = idle.pop()
            with suppress(OSError, RuntimeError):
                await caller.ask()
                latencies.append(time.perf_counter() - due)
            idle.append(caller)

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(load.rate * load.seconds)):
            due = began + number / load.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(ask(due))
    for caller in idle:
        caller.close()
    return latencies, lags, len(lags) - len(latencies)


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]


def cpu_seconds(group: int) -> float:
    """What all processes of the server's group have computed so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(") ")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


CORES = sorted(os.sched_getaffinity(0))
GENERATOR_CORE, SERVER_CORE = CORES[0], CORES[-1]


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started in the block stays on the core; we go back to ours."""
    os.sched_setaffinity(0, {core})
    yield
    os.sched_setaffinity(0, {GENERATOR_CORE})


def report(results: list[Result], load: Load) -> None:
    """The table, ratios to the baseline, and what it was measured on."""
    base = results[0]
    differing = [result.name for result in results if result.answer != base.answer]
    if differing:
        sys.exit(f"answers differ from {base.name}: {', '.join(differing)}")
    head = ("req/s", "CPU us/req", "p50 ms", "p99 ms", "start s", "lag ms", "failed", "spread %")
    print(f"{'server':36}" + "".join(f"{title:>11}" for title in head))
    for r in results:
        row = (
            r.per_second,
            r.cpu_us,
            r.p50_ms,
            r.p99_ms,
            r.start_seconds,
            r.lag_ms,
            r.failed,
            round(100 * r.spread),
        )
        print(f"{r.name:36}" + "".join(f"{shown(v):>11}" for v in row))
    print(f"\nratio to {base.name} (req/s: more is better; the others: less is better)")
    for r in results:
        ratios = (
            r.per_second / base.per_second, r.cpu_us / base.cpu_us,
            r.p50_ms / base.p50_ms, r.p99_ms / base.p99_ms,
        )  # fmt: skip
        print(f"{r.name:36}" + "".join(f"{ratio:>11.2f}" for ratio in ratios))
    print(
        f"\nreq/s and CPU: {CALLERS} callers without a pause, {load.seconds:g} s;"
        f" p50 and p99: {load.rate:g} requests a second, {load.seconds:g} s; lag: the generator's"
        " own p99 lateness; failed: of those at the fixed rate; spread: of req/s between rounds"
    )
    print(f"{versions()}; {machine()}")


def versions() -> str:
    """The versions of what was measured, as the lock pins them."""
    locked = pinned(LOCK)
    named = (f"{name} {locked[name]}" for name in (*PEER_PACKAGES, *OURS, "onnxruntime"))
    return f"Python {platform.python_version()}, " + ", ".join(named)


def pinned(lock: Path) -> dict[str, str]:
    """The version of each package."""
    return dict(re.findall(r"^([\w-]+)==(\S+)", lock.read_text(), flags=re.MULTILINE))


def machine() -> str:
    """The kind of machine, and whether it was busy with something else."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    kind = found[1] if found else platform.machine()
    shared = "" if len(CORES) > 1 else " (generator and server SHARE it)"
    return f"{kind}, {len(CORES)} cores{shared}, load average {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
