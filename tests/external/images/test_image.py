"""What a registry gets of a model's image, and whether everything in its lock can be imported."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlops.pipeline.archive import dockerfile
from tests.external.images.conftest import BaseImage
from tests.external.images.container import Container, Image
from tests.external.images.images import pushed_manifest, user_of

Run = Callable[..., tuple[int, str]]
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
IMPORT_EVERYTHING = """\
import importlib, importlib.metadata, json, pathlib, sys
failed = {}
for distribution in importlib.metadata.distributions():
    files = distribution.files or ()
    names = {file.parts[0].removesuffix(".py") for file in files
             if file.name == "__init__.py" and len(file.parts) == 2
             or len(file.parts) == 1 and file.suffix == ".py"}
    for name in sorted(names):
        try:
            importlib.import_module(name)
        except Exception as error:
            failed[name] = repr(error)
print(json.dumps(failed))
sys.exit(bool(failed))
"""


def test_a_registry_gets_one_manifest_that_sagemaker_takes(image: Image) -> None:
    manifest = pushed_manifest(image.name)

    assert manifest["mediaType"] == MANIFEST
    assert manifest["config"]["mediaType"] == "application/vnd.docker.container.image.v1+json"
    assert {layer["mediaType"] for layer in manifest["layers"]} == {
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    }


def test_it_is_built_for_the_platform_of_the_instance_types(image: Image) -> None:
    assert (image.config["os"], image.config["architecture"]) == ("linux", "amd64")


def test_it_runs_as_root(image: Image) -> None:
    assert user_of(image.config) in ("", "root", "0", "0:0")


def test_nothing_of_the_image_lies_where_sagemaker_mounts(image: Image) -> None:
    assert not (image.root / "opt" / "ml").exists()


def test_the_stand_in_has_the_python_of_the_base_that_the_dockerfile_names(
    model_folder: Path, base: BaseImage
) -> None:
    # A Dockerfile of a model's own takes its base from the same build argument.
    named = re.search(r"^ARG BASE=\S*\bpython:(\d+\.\d+)\.\d+-slim-(\w+)$",
                      dockerfile(model_folder).read_text(), re.MULTILINE)  # fmt: skip

    assert named is not None
    assert named.groups() == (base.python, base.name.partition("/")[2].partition(":")[0])


@pytest.fixture
def everything(image: Image, tmp_path: Path) -> Container:
    """A container that imports every module of every installed distribution."""
    (tmp_path / "everything.py").write_text(IMPORT_EVERYTHING)
    return Container(
        image=image,
        command=["python3", "/checks/everything.py"],
        environment={},
        folder=tmp_path / "container",
        binds={tmp_path: "/checks"},
    )


def test_every_module_of_the_lock_can_be_imported_without_a_network(
    everything: Container, run: Run
) -> None:
    code, output = run(everything)

    assert (code, output.splitlines()[-1:]) == (0, ["{}"])


def test_a_library_that_the_base_lacks_is_noticed(
    everything: Container, run: Run, tmp_path: Path
) -> None:
    information = tmp_path / "parallel-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: parallel\nVersion: 1\n")
    (information / "RECORD").write_text("parallel.py,,\n")
    (tmp_path / "parallel.py").write_text("import ctypes\nctypes.CDLL('libgomp.so.1')\n")

    code, output = run(replace(everything, environment={"PYTHONPATH": "/checks"}))

    failed = json.loads(output.splitlines()[-1])
    assert (code, list(failed)) == (1, ["parallel"])
    assert "libgomp.so.1: cannot open shared object file" in failed["parallel"]
