"""The SDK runs apart: its environment, its process, and what it may not do there."""

import hashlib
import json
import sys

import pytest

from mlops.pipeline import CompileError, compile_model, load_compiled, sdk_python
from mlops.pipeline.compiled import SDK_LOCK
from mlops.pipeline.compiler import ENVIRONMENT, compiled_definition

FAKE_SDK = """#!{python}
import json, os, sys
spec = json.load(sys.stdin)
seen = sorted(name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_")))
json.dump({{"model": spec["name"], "schema": list(spec["schema"]), "seen": seen}}, sys.stdout)
"""


@pytest.fixture
def fake_sdk(tmp_path):
    path = tmp_path / "fake-python"
    path.write_text(FAKE_SDK.format(python=sys.executable))
    path.chmod(0o755)
    return path


def test_the_contract_goes_in_and_the_definition_comes_out(checkout, spec, fake_sdk):
    path = compile_model(checkout, spec, python=fake_sdk)

    assert path == checkout / "model_code" / "cab_fares" / "pipeline.json"
    assert load_compiled(checkout, spec)["model"] == "cab-fares"


def test_the_sdk_sees_nobodys_credentials(spec, fake_sdk, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", "mine.yaml")

    assert compiled_definition(spec, python=fake_sdk)["seen"] == []


def test_a_failure_shows_what_the_sdk_printed_last(checkout, spec, tmp_path):
    broken = tmp_path / "broken-python"
    broken.write_text("#!/bin/sh\necho it went wrong >&2\nexit 7\n")
    broken.chmod(0o755)

    with pytest.raises(CompileError, match=r"compiling cab-fares failed .* 7:\nit went wrong"):
        compile_model(checkout, spec, python=broken)
    assert not (checkout / "model_code" / "cab_fares" / "pipeline.json").exists()


def test_an_environment_of_this_lock_is_used_as_it_is(checkout):
    home = checkout / ENVIRONMENT
    home.mkdir(parents=True)
    digest = hashlib.sha256((checkout / SDK_LOCK).read_bytes()).hexdigest()
    (home / ".lock-sha256").write_text(digest)
    said = []

    python = sdk_python(checkout, say=said.append)

    assert python == home / "bin" / "python"
    assert said == []


def test_an_environment_of_another_lock_is_made_again_and_says_so(checkout):
    (checkout / SDK_LOCK).write_text("")
    said = []

    python = sdk_python(checkout, say=said.append)

    assert python.is_file()
    assert len(said) == 1
    assert sdk_python(checkout, say=said.append) == python
    assert len(said) == 1


def test_an_impossible_lock_says_which_file(checkout):
    (checkout / SDK_LOCK).write_text("no such thing ==\n")

    with pytest.raises(CompileError, match=r"installing requirements/sdk.txt failed"):
        sdk_python(checkout, say=lambda _: None)


GUARD = """
import os, runpy, socket, sys
def refuse(*args, **options):
    sys.stderr.write(f"the SDK opened a socket: {args}")
    os._exit(9)  # an exception would end no more than the SDK's telemetry thread
socket.socket.connect = socket.socket.connect_ex = refuse
socket.create_connection = socket.getaddrinfo = refuse
runpy.run_module("mlops.pipeline.definition", run_name="__main__")
"""


@pytest.mark.full
@pytest.mark.parametrize("seed", ["1", "2"])
def test_compiling_again_gives_the_committed_bytes_without_a_network(
    repository, real_model, tmp_path, monkeypatch, seed
):
    python = sdk_python(repository, say=print)
    guarded = tmp_path / "guarded-python"
    (tmp_path / "guard.py").write_text(GUARD)
    guarded.write_text(f'#!/bin/sh\nexec {python} "{tmp_path}/guard.py"\n')
    guarded.chmod(0o755)
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    monkeypatch.chdir(tmp_path)

    definition = compiled_definition(real_model, python=guarded)

    committed = load_compiled(repository, real_model)
    assert json.dumps(definition) == json.dumps(committed)
