"""What callers, models and whoever reads the log may do to the server without stopping it."""

from __future__ import annotations

import ast
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from models import SERVER
from served_models import ECHO, JSON, Server, model_folder, ready, started

PING = b"GET /ping HTTP/1.1\r\nhost: x\r\n"
POST = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"

# Computes, without ever waiting for anything, until the test lets it go.
COMPUTING = ECHO.replace(
    """        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass""",
    """        import pathlib, threading
        pathlib.Path(f"computes-{threading.get_ident()}").touch()
        while not pathlib.Path("enough").exists():
            sum(range(10_000))""",
)


@pytest.fixture(scope="module", params=["fast", "plain"])
def strict(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """One worker, a second of patience, short bodies, few connections.

    Once as the image has it, once as an image would without uvicorn's optional fast parts.
    """
    folder = model_folder(tmp_path_factory.mktemp("strict"), ECHO)
    if request.param == "plain":
        for name in ("httptools", "uvloop"):
            (folder / f"{name}.py").write_text("raise ImportError")
    settings = {
        "MODEL_VERSION": "7",
        "MODEL_WORKERS": "1",
        "MAX_BODY_BYTES": "1000",
        "READ_SECONDS": "1",
        "MAX_CONNECTIONS": "40",
        "PYTHONPATH": str(folder),
    }
    with started(SERVER, folder, **settings) as server:
        yield ready(server)


def answer(text: bytes) -> tuple[int, dict[str, str], dict[str, str]]:
    head, _, body = text.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    ("sent", "statuses", "told"),
    [
        (b"nonsense\r\n\r\n", {400}, "not valid HTTP"),
        (b"GET /ping HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n", {400}, "not valid HTTP"),
        (POST + b"content-length: -1\r\n\r\n", {400}, "not valid HTTP"),
        (POST + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}", {400}, "not valid HTTP"),
        (PING + b"x: " + b"y" * 70_000, {400, 431}, ""),
        (PING + b"x: y\r\n" * 12_000, {400, 431}, ""),
        (PING + b"x: " + b"y" * 70_000 + b"\r\n\r\n", {400, 431}, ""),
        (PING + b"x: y\r\n" * 12_000 + b"\r\n", {400, 431}, ""),
        (b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", {400, 404, 431}, ""),
        (PING, {408}, "the headers took longer than 1 s"),
        (POST + b"content-length: 9\r\n\r\n{", {408}, "the body took longer than 1 s"),
        (POST + b"content-length: 9000\r\n\r\n" + b"x" * 8000, {413}, "longer than 1000 bytes"),
    ],
)
def test_what_is_no_proper_request_is_told_and_the_connection_closed(strict, sent, statuses, told):
    status, headers, body = answer(strict.raw(sent))

    assert status in statuses
    assert (headers["content-type"], headers["x-model-version"]) == (JSON, "7")
    assert headers["connection"] == "close"
    assert told in body["error"]
    assert strict.ask("GET", "/ping")[0] == 200


def test_headers_without_an_end_are_not_kept(strict):
    taken = 0
    with strict.connected() as connection, suppress(ConnectionError):
        connection.sendall(PING + b"x: ")
        while taken < 1000:
            connection.sendall(b"y" * 65536)
            taken += 1

    assert taken < 200
    assert strict.ask("GET", "/ping")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("HEAD", "/ping", 200, None),
        ("POST", "/ping", 405, "GET, HEAD"),
        ("HEAD", "/invocations", 405, "POST"),
        ("PUT", "/invocations", 405, "POST"),
        ("GET", "/models", 404, None),
        ("GET", "/ping/", 404, None),
        ("OPTIONS", "/", 404, None),
    ],
)
def test_each_route_and_method_is_answered_with_our_version(strict, method, path, status, allow):
    found, headers, _ = strict.ask(method, path)

    assert (found, headers.get("allow"), headers["x-model-version"]) == (status, allow, "7")
    assert "server" not in headers


def test_one_connection_serves_request_after_request(strict):
    two = (
        POST + b'content-length: 3\r\n\r\n"a"',
        POST + b'connection: close\r\ncontent-length: 3\r\n\r\n"b"',
    )

    apart = strict.raw(b"".join(two))

    assert apart.count(b"HTTP/1.1 200") == 2
    assert apart.index(b'["a"') < apart.index(b'["b"')


def test_an_answer_on_a_kept_connection_comes_without_a_pause(strict):
    with strict.connected() as connection:
        kept = [seconds_to_answer(connection) for _ in range(20)]
    fresh = []
    for _ in range(20):
        with strict.connected() as connection:
            fresh.append(seconds_to_answer(connection))

    # TCP's own pause is 40 ms an answer, and never on a connection's first.
    assert statistics.median(kept) < statistics.median(fresh) + 0.02


def seconds_to_answer(connection):
    began = time.monotonic()
    connection.sendall(POST + b'content-length: 3\r\n\r\n"a"')
    answered = b""
    while not answered.endswith(b"]"):
        answered += connection.recv(65536)
    return time.monotonic() - began


def test_a_connection_that_says_nothing_is_closed(strict):
    assert strict.raw(b"") == b""


def test_slow_bodies_take_no_place_from_others(strict):
    with ExitStack() as slow:
        for _ in range(30):
            connection = slow.enter_context(strict.connected())
            connection.sendall(POST + b"content-length: 9\r\n\r\n{")

        assert strict.invoke('"hello"')[0] == 200


def test_long_bodies_are_held_up_to_a_bound(strict):
    with ExitStack() as slow:
        for _ in range(16):
            connection = slow.enter_context(strict.connected())
            connection.sendall(POST + b"content-length: 1000\r\n\r\n" + b"x" * 999)
        time.sleep(0.2)
        refused = strict.invoke('"' + "x" * 900 + '"')
        small = strict.invoke('"hello"')

    assert (refused[0], small[0]) == (503, 200)
    assert json.loads(refused[2])["error"].startswith("too many long bodies ")
    assert refused[1].get("retry-after") == "1"


@pytest.mark.parametrize(
    ("open_", "sent"), [(40, POST + b'content-length: 3\r\n\r\n"a"'), (56, b"")]
)
def test_connections_beyond_the_bound_are_told_to_come_back(strict, open_, sent):
    with ExitStack() as idle:
        for _ in range(open_):
            idle.enter_context(strict.connected())
        time.sleep(0.2)
        status, headers, body = answer(strict.raw(sent))

    assert (status, headers["retry-after"], headers["connection"]) == (503, "1", "close")
    assert body == {"error": "40 connections are open"}


def test_a_crowd_of_callers_leaves_room_for_every_health_check(tmp_path):
    with started(SERVER, model_folder(tmp_path, ECHO), MAX_CONNECTIONS="40") as server:
        ready(server)
        with ExitStack() as idle:
            for _ in range(40):
                idle.enter_context(server.connected())
            time.sleep(0.2)
            statuses = [server.ask("GET", "/ping")[0] for _ in range(40)]

    assert statuses == [200] * 40


def test_a_caller_that_goes_away_is_no_failure(strict):
    with strict.connected() as connection:
        connection.sendall(POST + b"content-length: 9\r\n\r\n{")
    time.sleep(0.2)

    assert strict.invoke('"hello"')[0] == 200
    assert strict.events("failed") == []


@pytest.mark.parametrize("order", ["exhausted", "exit", "odd shape"])
def test_whatever_the_model_raises_is_our_failure_and_the_next_request_is_answered(tmp_path, order):
    with started(SERVER, model_folder(tmp_path, ECHO), MODEL_WORKERS="1") as server:
        ready(server)
        status, headers, text = server.invoke(json.dumps(order))
        after = server.invoke('"hello"')[0]

    assert (status, headers["x-model-version"], after) == (500, "unknown", 200)
    assert json.loads(text)["error"].startswith("the model failed")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('"surrogate"', "name is \ud800"),
        ('"long"', "x" * 1000),
        ("[" * 900 + '"busy"', "Expecting ',' delimiter: line 1 column 907 (char 906)"),
    ],
)
def test_a_reason_is_short_and_always_readable(strict, body, reason):
    status, _, text = strict.invoke(body)

    assert (status, json.loads(text)["error"]) == (400, reason)


def test_a_body_that_is_nested_too_deeply_is_the_callers_mistake(tmp_path):
    with started(SERVER, model_folder(tmp_path, ECHO)) as server:
        status, _, text = ready(server).invoke("[" * 100_000)

    assert (status, json.loads(text)["error"]) == (400, "the body is nested too deeply")


def test_a_model_that_hangs_fails_the_health_check(tmp_path):
    with started(SERVER, model_folder(tmp_path, ECHO), MODEL_STUCK_SECONDS="1") as server:
        ready(server)
        asking = threading.Thread(target=server.invoke, args=('{"sleep": 2.5}',))
        asking.start()
        time.sleep(0.5)
        early = server.ask("GET", "/ping")[0]
        time.sleep(1)
        late = server.ask("GET", "/ping")
        asking.join()
        recovered = server.ask("GET", "/ping")[0]

    assert (early, late[0], recovered) == (200, 503, 200)
    assert "one request for over 1 s" in late[2]


def test_a_busy_model_leaves_the_health_check_alone(tmp_path):
    with started(SERVER, model_folder(tmp_path, COMPUTING), MODEL_WORKERS="2") as server:
        ready(server)
        busy = [threading.Thread(target=server.invoke, args=('"busy"',)) for _ in range(2)]
        for thread in busy:
            thread.start()
        while len(list(tmp_path.glob("computes-*"))) < 2:
            time.sleep(0.01)
        statuses = [server.ask("GET", "/ping")[0] for _ in range(10)]
        still_busy = [thread.is_alive() for thread in busy]
        (tmp_path / "enough").touch()
        for thread in busy:
            thread.join()

    assert (statuses, still_busy) == ([200] * 10, [True, True])


def test_a_stop_waits_for_a_hanging_model_only_so_long_and_says_what_was_cut_off(tmp_path):
    with started(SERVER, model_folder(tmp_path, ECHO), STOP_SECONDS="1") as server:
        ready(server)
        with server.connected() as connection:
            connection.sendall(POST + b'content-length: 13\r\n\r\n{"sleep": 90}')
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            code = server.process.wait(timeout=60)

    assert code == 1
    assert server.events("stopped") == [{"level": "INFO", "event": "stopped", "cut_off": 1}]


@pytest.mark.parametrize("requests", [16, 64])
def test_a_stop_answers_every_request_that_was_sent_before_it(tmp_path, requests):
    body = json.dumps("x" * 300_000).encode()
    request = POST + b"content-length: %d\r\n\r\n" % len(body) + body
    with started(SERVER, model_folder(tmp_path, ECHO)) as server, ExitStack() as callers:
        ready(server)
        # Held still, so that the kernel has taken everything and the server has read nothing.
        server.process.send_signal(signal.SIGSTOP)
        connections = [callers.enter_context(server.connected()) for _ in range(requests)]
        for connection in connections:
            connection.sendall(request)
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        answers = [_received(connection) for connection in connections]
        code = server.process.wait(timeout=60)

    assert {found[:12] for found in answers} == {b"HTTP/1.1 200"}
    assert code == 0


def _received(connection):
    """What comes until the server closes; the kind of error where it resets."""
    try:
        return b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError as error:
        return repr(error).encode()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_model_is_loaded_is_quick_and_clean(tmp_path, sent):
    slow = ECHO.replace('return "model"', 'time.sleep(90); return "model"')
    with started(SERVER, model_folder(tmp_path, slow)) as server:
        server.process.send_signal(sent)
        code = server.process.wait(timeout=60)

    assert (code, [line["event"] for line in server.lines]) == (0, ["listening", "stopped"])


def test_a_log_that_nobody_reads_stops_no_answer(tmp_path):
    folder = model_folder(tmp_path, ECHO)
    unread, written = os.pipe()
    process = subprocess.Popen(
        [sys.executable, str(SERVER), "--model-dir", str(folder), "--host", "127.0.0.1",
         "--port", "0"],
        stdout=written, stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", "ACCESS_LOG": "1"},
    )  # fmt: skip
    try:
        listening = b""
        while b"\n" not in listening:
            listening += os.read(unread, 1)
        server = Server(process=process, port=json.loads(listening)["port"], lines=[])
        ready(server)
        # Two lines and a traceback each: more than the pipe holds and more than may wait.
        statuses = {server.invoke('"broken"')[0] for _ in range(600)}
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
        os.close(unread)
        os.close(written)

    assert (statuses, code) == ({500}, 0)


def test_requests_are_logged_only_if_it_is_asked_for(strict, tmp_path):
    with started(SERVER, model_folder(tmp_path, ECHO), ACCESS_LOG="1") as server:
        ready(server)
        server.invoke('"hello"')
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=60)

    line = server.events("answered")[-1]
    assert line.pop("ms") >= 0
    assert line == {
        "level": "INFO", "event": "answered", "method": "POST", "path": "/invocations",
        "status": 200, "bytes": 29,
    }  # fmt: skip
    assert strict.events("answered") == []


def test_many_refusals_are_one_line_a_second(tmp_path):
    with started(SERVER, model_folder(tmp_path, ECHO)) as server:
        ready(server)
        began = len(server.events("refused"))
        for _ in range(100):
            server.invoke('"bad"')
        time.sleep(1.1)
        server.invoke('"bad"')
        server.process.terminate()
        server.process.wait(timeout=60)

    # After the process ended, when everything that it wrote has been read.
    told = server.events("refused")[began:]
    assert len(told) <= 5
    assert told[-1]["refused"] > 10


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MODEL_WORKERS", "0"),
        ("MAX_BODY_BYTES", "6MB"),
        ("SAGEMAKER_BIND_TO_PORT", ""),
        ("MODEL_VERSION", "1\n2"),
        ("MODEL_VERSION", "eins\u00e4"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_at_the_start(tmp_path, variable, value):
    done = subprocess.run(
        [sys.executable, str(SERVER), "--model-dir", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", variable: value},
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith(f"{variable} is {value!r}; allowed: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_server_needs_nothing_but_the_standard_library_starlette_and_uvicorn():
    found = set()
    for path in (SERVER, SERVER.with_name("model_server.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])

    ours = {"mlops", "model_server"}  # one file by two names: for type checks, in the archive
    assert found - set(sys.stdlib_module_names) - {"__future__"} == ours | {"starlette", "uvicorn"}


def test_the_limits_hold_around_an_application_that_somebody_wrapped(tmp_path):
    # A rehearsal puts faults between uvicorn and the application; the limits are the server's own.
    wrapping = (
        "import runpy, sys, uvicorn\n"
        "made = uvicorn.Config.__init__\n"
        "def wrapped(self, app, **options):\n"
        "    async def around(scope, receive, send): await app(scope, receive, send)\n"
        "    made(self, around, **options)\n"
        "uvicorn.Config.__init__ = wrapped\n"
        f"sys.path.insert(0, {str(SERVER.parent)!r})\n"
        f"runpy.run_path({str(SERVER)!r}, run_name='__main__')\n"
    )
    (tmp_path / "launcher.py").write_text(wrapping)
    folder = model_folder(tmp_path, ECHO)
    with started(tmp_path / "launcher.py", folder, MODEL_VERSION="7") as server:
        ready(server)
        answered = server.invoke('"hello"')[0]
        status, headers, _ = answer(server.raw(b"nonsense\r\n\r\n"))

    assert (answered, status, headers["x-model-version"]) == (200, 400, "7")
