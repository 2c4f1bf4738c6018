"""The platform's server: around a model made for each case, and around the real archive alone."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from models import SERVER
from served_models import ECHO, JSON, Server, model_folder, ready, started

# Answers nothing until the test lets it: so it is known who is under way, however slow a machine.
GATED = ECHO.replace(
    'time.sleep(order["sleep"])',
    """
        import pathlib
        while not (pathlib.Path(order["gate"]) / "open").exists():
            time.sleep(0.01)""",
)
ASKED = (
    b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    b'content-length: 13\r\n\r\n{"gate": "."}'
)


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = model_folder(tmp_path_factory.mktemp("echo"), ECHO)
    settings = {
        "MODEL_VERSION": "7",
        "MODEL_WORKERS": "1",
        "WAITING_PER_WORKER": "16",
        "MAX_BODY_BYTES": "1000",
    }
    with started(SERVER, folder, **settings) as server:
        yield ready(server)


def test_the_chosen_port_is_a_line_of_the_log(echo):
    assert echo.lines[0] == {"level": "INFO", "event": "listening", "port": echo.port}


def test_every_answer_names_the_models_version(echo):
    answers = [echo.ask("GET", "/ping"), echo.invoke('"hello"'), echo.invoke('"bad"')]

    assert [(status, headers["x-model-version"]) for status, headers, _ in answers] == [
        (200, "7"),
        (200, "7"),
        (400, "7"),
    ]


def test_every_answer_names_it_in_the_one_header_that_an_endpoint_hands_on(echo):
    answers = [echo.ask("GET", "/ping"), echo.invoke('"hello"'), echo.invoke('"bad"')]

    assert {headers["x-amzn-sagemaker-custom-attributes"] for _, headers, _ in answers} == {
        "model-version=7"
    }


def test_a_request_runs_through_the_models_own_functions(echo):
    status, headers, body = echo.invoke('"hello"')

    assert (status, headers["content-type"], json.loads(body)) == (200, JSON, ["hello", JSON])


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("text/html, application/json;q=0.9", JSON),
        ("text/csv, application/json", "text/csv"),
        ("text/csv;q=0.1, application/json;q=0.9", JSON),
        ("application/json;q=0.1, text/csv;q=0.11", "text/csv"),
        ("*/*;q=0.1, application/jsonlines", "application/jsonlines"),
        ("*/*, text/csv;q=0.5", JSON),
        ("application/json;q=0, */*", "text/csv"),
        ("application/*;q=0, */*;q=0.001", "text/csv"),
        ("text/*;q=0.9, text/csv;q=0, application/jsonlines;q=0.1", "application/jsonlines"),
        ("TEXT/CSV ; Q=1.000 , application/json ; q=0.999", "text/csv"),
        ("application/json;charset=utf-8;q=0.2, text/csv;q=0.3", "text/csv"),
        ("", JSON),
    ],
)
def test_the_media_type_of_most_weight_is_chosen(echo, accept, chosen):
    """RFC 9110, sections 12.4.2 and 12.5.1: the most specific entry decides, 0 excludes."""
    assert json.loads(echo.invoke('"hello"', accept=accept)[2])[1] == chosen


@pytest.mark.parametrize("accept", ["application/json;q=0", "*/*;q=0", "text/csv;q=0.0, image/png"])
def test_what_a_caller_excludes_is_not_served(echo, accept):
    status, _, text = echo.invoke('"hello"', accept=accept)

    assert (status, json.loads(text)["error"]) == (
        406, f"Accept is {accept}; allowed: application/json, text/csv, application/jsonlines"
    )  # fmt: skip


@pytest.mark.parametrize("weight", ["2", "-1", "1.1", "0.1234", "high", ""])
def test_a_weight_that_is_none_is_named(echo, weight):
    status, _, text = echo.invoke('"hello"', accept=f"text/csv;q={weight}")

    assert (status, json.loads(text)["error"].partition("allowed: ")[2]) == (
        406, "a weight q from 0 to 1, like 0.5"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "headers", "status", "told"),
    [
        ('"bad"', {}, 400, "hour is 25; allowed: 0 to 23"),
        ("{", {}, 400, "Expecting property name"),
        ('"x"', {"content_type": "text/plain"}, 415,
         "Content-Type is text/plain; allowed: application/json, text/csv"),
        ('"x"', {"accept": "image/png"}, 406,
         "Accept is image/png; allowed: application/json, text/csv"),
        ('"' + "x" * 1000 + '"', {}, 413, "the body is longer than 1000 bytes"),
        ('"broken"', {}, 500, "the model failed; the container's log has the reason"),
        ('"unwritable"', {}, 500, "the model failed; the container's log has the reason"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_told_as_json(echo, body, headers, status, told):
    found, answered, text = echo.invoke(body, **headers)

    assert (found, answered["content-type"]) == (status, JSON)
    assert json.loads(text).keys() == {"error"}
    assert json.loads(text)["error"].startswith(told)


def test_a_missing_content_type_is_told(echo):
    status, _, text = echo.ask("POST", "/invocations", b"{}")

    assert (status, json.loads(text)["error"][:23]) == (415, "Content-Type is missing")


def test_a_failure_is_logged_with_its_traceback_and_hidden_from_the_caller(echo):
    _, _, text = echo.invoke('"broken"')

    assert "secret" not in text
    assert echo.logs("secret detail")


def test_other_paths_and_methods_do_not_exist(echo):
    assert echo.ask("GET", "/")[0] == 404
    assert echo.ask("GET", "/invocations")[0] == 405


def test_more_requests_than_places_are_turned_away_while_ping_still_answers(echo):
    statuses: list[tuple[int, str | None]] = []

    def ask() -> None:
        status, headers, _ = echo.invoke('{"sleep": 0.1}')
        statuses.append((status, headers.get("retry-after")))

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    pinged = echo.ask("GET", "/ping")[0]
    for thread in threads:
        thread.join()

    # One worker and 16 places to wait; who comes after the first ones left may find a place.
    assert pinged == 200
    assert statuses.count((503, "1")) >= 5
    assert statuses.count((200, None)) >= 17
    assert len(statuses) == 30


@pytest.mark.parametrize(("workers", "waiting", "places"), [(1, 1, 2), (1, 2, 3), (2, 1, 4)])
def test_each_worker_and_those_who_wait_for_it_have_a_place_and_nobody_else(
    tmp_path, workers, waiting, places
):
    settings = {"MODEL_WORKERS": str(workers), "WAITING_PER_WORKER": str(waiting)}
    with started(SERVER, model_folder(tmp_path, GATED), **settings) as server, ExitStack() as open_:
        ready(server)
        asking = [open_.enter_context(server.connected()) for _ in range(places + 2)]
        for connection in asking:
            connection.sendall(ASKED)
        refused, _, _ = select.select(asking, [], [], 20)
        while len(refused) < 2:
            refused, _, _ = select.select(asking, [], [], 20)
        (tmp_path / "open").touch()
        answers = [connection.recv(65536) for connection in asking]

    assert sum(answer.startswith(b"HTTP/1.1 200") for answer in answers) == places
    told = f"{places} requests are under way; try again".encode()
    assert sum(told in answer for answer in answers) == 2


def test_a_stop_finishes_the_request_under_way_and_exits_with_0(tmp_path):
    with started(SERVER, model_folder(tmp_path, ECHO)) as server:
        ready(server)
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(server.invoke('{"sleep": 0.6}')[0]))
        asking.start()
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(timeout=60)
        asking.join()

    assert (code, answers) == (0, [200])
    assert server.lines[-1]["event"] == "stopped"


def test_until_the_model_is_loaded_ping_and_invocations_say_so(tmp_path):
    slow = ECHO.replace('return "model"', 'time.sleep(1); return "model"')
    with started(SERVER, model_folder(tmp_path, slow)) as server:
        early = server.ask("GET", "/ping")
        refused = server.invoke('"hello"')
        ready(server)

    assert (early[0], refused[0]) == (503, 503)
    assert json.loads(early[2]) == {"error": "the model is being loaded"}


def test_a_model_that_cannot_be_loaded_ends_the_container(tmp_path):
    folder = model_folder(tmp_path, "def model_fn(model_dir): raise OSError('no model.onnx')")
    with started(SERVER, folder) as server:
        code = server.process.wait(timeout=60)

    assert code == 1
    assert "no model.onnx" in server.lines[-1]["traceback"]


def test_a_folder_without_inference_ends_the_container(tmp_path):
    with started(SERVER, tmp_path) as server:
        assert server.process.wait(timeout=60) == 1


def test_the_port_comes_from_sagemaker_when_it_is_told(tmp_path):
    for source in (SERVER, SERVER.with_name("model_server.py")):
        shutil.copyfile(source, tmp_path / source.name)
    code = "import serve, sys; sys.argv = ['serve']; print(serve._settings().port)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "SAGEMAKER_BIND_TO_PORT": "9321"},
    )

    assert done.stdout.strip() == "9321"
