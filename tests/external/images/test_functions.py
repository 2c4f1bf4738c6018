"""The platform's functions under their own runtime's Python: imported as published, and tested.

Everything else tests them under the platform's Python, which is older.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mlops.rehearsal.local_aws.assembly import Assembly
from tests.external.images.conftest import ROOT, UV, BaseImage
from tests.external.images.container import Container, Image
from tests.external.images.images import Images, content_key
from tests.external.images.record import Record

Run = Callable[..., tuple[int, str]]
RUNTIME_LIBRARIES = (
    *("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"),
)
"""What the functions' runtime brings along."""
IMPORT_HANDLERS = """\
import json, pathlib, subprocess, sys
failed = {}
for folder, handler, variables in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    module, _, name = handler.rpartition(".")
    code = f"import {module}; assert callable({module}.{name})"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=variables,
                          capture_output=True, text=True)
    if done.returncode:
        failed[handler] = done.stderr[-500:]
print(json.dumps(failed))
sys.exit(bool(failed))
"""


@pytest.fixture(scope="module")
def image(store: Images, function_base: BaseImage) -> Image:
    """The runtime's stand-in."""
    return Image(
        name=function_base.name,
        root=store.root(function_base.name),
        config={"config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]}},
        python=function_base.python,
    )


@dataclass(frozen=True, kw_only=True)
class Functions:
    """The synthesized functions in Python."""

    folder: Path
    """Their archives, each unpacked."""
    handlers: frozenset[tuple[str, str]]
    """Name of the archive and handler of each."""
    runtimes: frozenset[str]


@pytest.fixture(scope="module")
def functions(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Functions:
    """Every function of the stage, as it would be published."""
    folder = tmp_path_factory.mktemp("functions")
    found = set(_functions(Assembly(assembly)))
    for asset in {asset for _, asset, _ in found}:
        if asset.is_dir():
            shutil.copytree(asset, folder / asset.name)
        else:
            shutil.unpack_archive(asset, folder / asset.name, format="zip")
    return Functions(
        folder=folder,
        handlers=frozenset((asset.name, handler) for _, asset, handler in found),
        runtimes=frozenset(runtime for runtime, _, _ in found),
    )


def _functions(assembly: Assembly) -> Iterator[tuple[str, Path, str]]:
    for stack in assembly.stacks:
        values = assembly.intrinsics(stack)
        for _, properties in stack.resources("AWS::Lambda::Function"):
            if properties["Runtime"].startswith("python"):
                code = values.value(properties["Code"])
                asset = assembly.assets[f"s3://{code['S3Bucket']}/{code['S3Key']}"]
                yield properties["Runtime"], asset.source, values.text(properties["Handler"])


@pytest.fixture
def container(image: Image, tmp_path: Path) -> Container:
    """A container of the runtime, with this test's folder as /checks."""
    folder = tmp_path / "container"
    return Container(
        image=image, command=["true"], environment={}, folder=folder, binds={tmp_path: "/checks"}
    )


def test_the_stand_in_has_the_python_of_the_functions_runtime(
    functions: Functions, function_base: BaseImage
) -> None:
    assert functions.runtimes == {f"python{function_base.python}"}


def test_every_published_handler_can_be_imported(
    functions: Functions,
    container: Container,
    run: Run,
    record: Record,
    libraries: Callable[..., Path],
) -> None:
    checks = container.folder.parent
    variables = {"PYTHONPATH": "/libraries", "AWS_DEFAULT_REGION": "eu-west-1"}
    wanted = [(f"/functions/{name}", handler, variables) for name, handler in functions.handlers]
    (checks / "wanted.json").write_text(json.dumps(wanted))
    (checks / "handlers.py").write_text(IMPORT_HANDLERS)
    command = ["python3", "/checks/handlers.py", "/checks/wanted.json"]
    binds = {libraries(*RUNTIME_LIBRARIES): "/libraries", functions.folder: "/functions"}

    code, output = run(replace(container, command=command, binds={**container.binds, **binds}))

    assert (code, output.splitlines()[-1:]) == (0, ["{}"])
    record.entrypoints |= {f"function {handler}" for _, handler in functions.handlers}
    record.pythons.add(container.image.python)


def test_the_handlers_tests_pass_under_the_runtimes_python(
    container: Container, run: Run, libraries: Callable[..., Path]
) -> None:
    tests = replace(
        container,
        command=[
            *("python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            # A part of a sweep is drawn by the commit, which this folder does not know there.
            *("--sweeps", "whole", "tests/handlers"),
        ],
        environment={
            "PYTHONPATH": "/repository:/repository/constructs:/libraries",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis",
        },
        working_directory="/repository",
        binds={ROOT: "/repository", libraries(): "/libraries"},
    )

    code, output = run(tests)

    assert code == 0, output[-3000:]
    assert re.search(r"\b\d+ passed", output)


@pytest.fixture(scope="module")
def libraries(store: Images, function_base: BaseImage) -> Callable[..., Path]:
    """Installs the platform's lock, or the named packages of it, for the runtime's Python."""
    lock = ROOT / "requirements.txt"

    def installed(*names: str) -> Path:
        key = content_key(lock)
        folder = store.folder / f"libraries-{function_base.python}-{len(names)}-{key}"
        if not (folder / "complete").is_file():
            wanted = folder.parent / f"{folder.name}.txt"
            wanted.write_text(_part(lock.read_text(), names))
            target = ("--target", str(folder), "--python-version", function_base.python)
            exactly = ("--no-deps", "--require-hashes", "--only-binary=:all:")
            subprocess.run(
                [str(UV), "pip", "install", "--quiet", *target, *exactly, "-r", str(wanted)],
                check=True,
            )
            (folder / "complete").touch()
        return folder

    return installed


def _part(lock: str, names: tuple[str, ...]) -> str:
    """The blocks of a lock that are about these packages; all of them where none is named."""
    blocks = re.split(r"\n(?=\w)", lock)
    return "\n".join(block for block in blocks if not names or block.split("==")[0] in names)
