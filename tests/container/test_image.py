"""What a registry gets of a model's image, and whether everything in its lock can be imported."""

import re
from collections.abc import Callable
from pathlib import Path

from mlops.pipeline.archive import dockerfile
from tests.container.conftest import BaseImage
from tests.container.container import Container, Image
from tests.container.images import pushed_manifest, user_of

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
    named = re.search(r"^ARG BASE=python:(\d+\.\d+)\.\d+-slim-(\w+)$",
                      dockerfile(model_folder).read_text(), re.MULTILINE)  # fmt: skip

    assert named is not None
    assert named.groups() == (base.python, base.name.partition("/")[2].partition(":")[0])


def test_every_module_of_the_lock_can_be_imported_without_a_network(
    image: Image, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "everything.py").write_text(IMPORT_EVERYTHING)

    code, output = run(
        Container(
            image=image,
            command=["python3", "/checks/everything.py"],
            environment={},
            folder=tmp_path / "container",
            binds={tmp_path: "/checks"},
        )
    )

    assert (code, output.splitlines()[-1:]) == (0, ["{}"])
