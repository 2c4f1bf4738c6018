"""What the image promises, read from its Dockerfile; its commands are run against a real server."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from models import PLATFORM, SERVER
from served_models import ECHO, model_folder, ready, started

DOCKERFILE = PLATFORM / "container/serving/Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its arguments, comments left out and continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    pairs = [line.strip().partition(" ") for line in lines if line.strip()]
    return [(word, arguments.strip()) for word, _, arguments in pairs]


def those(word: str) -> list[str]:
    return [arguments for found, arguments in instructions() if found == word]


def one(found: list[str]) -> str:
    (only,) = found
    return only


def test_the_base_is_one_image_pinned_to_a_patch_release_or_a_digest():
    (name, _, base) = one(those("ARG")).partition("=")

    assert those("FROM") == [f"${{{name}}}"]
    assert re.fullmatch(r"\S+(:\d+\.\d+\.\d+-[\w.-]+|@sha256:[0-9a-f]{64})", base)


def test_no_other_image_takes_part_in_the_build():
    # A `syntax` line fetches the builder itself from a registry.
    assert "syntax=" not in DOCKERFILE.read_text()
    # `platform` is a folder of this repository.
    sources = re.findall(r"--from=(\S+)", " ".join(those("COPY")))
    assert sources == ["platform"]


def test_only_the_lock_and_the_proof_are_copied_and_nothing_is_fetched_but_by_hash():
    assert those("COPY") == [
        "requirements.lock /requirements.lock",
        "--from=platform content.py /usr/local/lib/mlops/content.py",
    ]
    assert those("ADD") == []
    installs = [run for run in those("RUN") if "install" in run]
    assert len(installs) == 1
    assert {"--require-hashes", "--only-binary=:all:"} <= set(shlex.split(installs[0]))
    assert not re.search(r"curl|wget|git |apt|https?:|\| *(ba)?sh", " ".join(those("RUN")))


def test_it_runs_as_root_because_sagemaker_mounts_its_folders_owned_by_root():
    assert those("USER") == []


def test_nothing_that_the_image_needs_lies_where_sagemaker_mounts():
    built = [*those("COPY"), *those("WORKDIR"), *those("RUN")]

    assert [run for run in built if "/opt/ml" in run] == []


def test_what_is_started_is_the_images_own_and_no_archive_can_replace_it():
    assert those("ENTRYPOINT") == []
    assert [json.loads(command) for command in those("CMD")] == [["serve"]]
    (written,) = [run for run in those("RUN") if "/usr/local/bin/serve" in run]
    script = subprocess.run(
        ["/bin/sh", "-c", written.partition(" > ")[0]], capture_output=True, text=True, check=True
    ).stdout
    # `exec`: no shell stands between the container and its server. `-I`: no variable and no folder
    # that an archive fills is on the interpreter's path.
    assert script == '#!/bin/sh\nexec python3 -I -B /usr/local/lib/mlops/content.py "$@"\n'


def test_no_secret_and_no_tuning_hides_in_its_variables():
    (variables,) = those("ENV")

    assert {pair.partition("=")[0] for pair in shlex.split(variables)} == {
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
        "PIP_NO_CACHE_DIR",
        "PIP_DISABLE_PIP_VERSION_CHECK",
    }
    assert [argument.partition("=")[0] for argument in those("ARG")] == ["BASE"]


def test_it_says_that_sagemaker_may_choose_the_port():
    assert "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true" in those("LABEL")


def health_check(port: int) -> int:
    (check,) = those("HEALTHCHECK")
    options, _, command = check.partition(" CMD ")
    assert {option.partition("=")[0] for option in options.split()} == {
        "--interval", "--timeout", "--start-period", "--retries",
    }  # fmt: skip
    program, *arguments = json.loads(command)
    assert program == "python3"
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False, capture_output=True, timeout=60,
        # A proxy that does not exist: the check must not ask it.
        env={"SAGEMAKER_BIND_TO_PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
    )  # fmt: skip
    return done.returncode


def test_the_health_check_follows_the_server(tmp_path: Path):
    slow = ECHO.replace('return "model"', 'time.sleep(2); return "model"')
    with started(SERVER, model_folder(tmp_path, slow)) as server:
        loading = health_check(server.port)
        ready(server)
        healthy = health_check(server.port)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=60)
        gone = health_check(server.port)

    assert (loading, healthy, gone) == (1, 0, 1)
