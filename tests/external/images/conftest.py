"""The models' real images, and rehearsals whose jobs run in them."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

from mlops.contract import Platform, load_platform
from mlops.pipeline.archive import CONTENT, dockerfile
from mlops.rehearsal.local_aws import transform
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.pipeline import rehearsal, steps
from mlops.rehearsal.pipeline.rehearsal import rehearse_pipeline
from mlops.rehearsal.pipeline.results import Execution
from tests.external.images import images, machine
from tests.external.images.bases import Base
from tests.external.images.container import Container, Image
from tests.external.images.images import Images
from tests.external.images.jobs import (
    ContainerJob,
    ContainerServing,
    ContainerTransformJob,
    Runtime,
)
from tests.external.images.record import Record

ROOT: Final = Path(__file__).parents[3]
MODELS: Final = sorted(path.parent.name for path in ROOT.glob("model_code/*/model.yaml"))
UV: Final = Path(sys.executable).with_name("uv")
STAGE: Final = "dev"
"""The stage that trains; it has every kind of job."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say why nothing runs, where somebody names this folder on an unfit machine."""
    reason = machine.reason_to_skip()
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the configuration of the tests, every model pinned, nothing rehearsed."""
    folder = tmp_path_factory.mktemp("repository")
    for entry in ROOT.iterdir():
        if entry.name not in ("config", "model_code", ".mlops", ".git"):
            (folder / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "tests" / "sample" / "config", folder / "config")
    (folder / "model_code").mkdir()
    for name in MODELS:
        (folder / "model_code" / name).symlink_to(ROOT / "model_code" / name)
    releases = folder / "config" / "releases.yaml"
    pins = re.search(r"\{.*\}", releases.read_text())
    assert pins is not None
    names = (name.replace("_", "-") for name in MODELS)
    releases.write_text("releases:\n" + "".join(f"  {name}: {pins[0]}\n" for name in names))
    return folder


@pytest.fixture(scope="session")
def platform(root: Path) -> Platform:
    """The configuration with every model."""
    return load_platform(root)


@pytest.fixture(scope="session")
def assembly(synthesize: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`cdk.out` of the stage that trains."""
    return synthesize(tmp_path_factory.mktemp("assembly") / "cdk.out", stage=STAGE)


@pytest.fixture(scope="session")
def store() -> Images:
    """Every image that was built on this machine."""
    return Images(folder=machine.cache_folder())


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """A stand-in for a public base."""

    name: str
    python: str


@pytest.fixture(scope="session")
def base(store: Images) -> BaseImage:
    """What stands for the base that the Dockerfile names."""
    return _base(store, "trixie")


@pytest.fixture(scope="session")
def function_base(store: Images) -> BaseImage:
    """What stands for the runtime of the platform's functions."""
    return _base(store, "forky")


def _base(store: Images, suite: str) -> BaseImage:
    made = Base(suite=suite, cache=store.folder)
    name = f"localhost/{suite}:{made.key}"
    with machine.alone(store.folder):
        if not store.exists(name):
            store.import_base(name, made.archive(), store.folder / f"build-{made.key}")
        interpreter = (store.root(name) / "usr/bin/python3").resolve().name
    return BaseImage(name=name, python=interpreter.removeprefix("python"))


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry on this machine."""
    with images.registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="session", params=MODELS)
def model_folder(request: pytest.FixtureRequest, root: Path) -> Path:
    """The folder of each model."""
    folder: Path = root / "model_code" / request.param
    return folder


@pytest.fixture(scope="session")
def model(model_folder: Path) -> str:
    """The name of each model."""
    return model_folder.name.replace("_", "-")


@pytest.fixture(scope="session")
def image(store: Images, base: BaseImage, registry: str, model_folder: Path) -> Image:
    """The model's image, built by its Dockerfile, as a registry got it."""
    lock, recipe = model_folder / "requirements.lock", dockerfile(model_folder)
    key = images.content_key(recipe, lock, CONTENT)
    name = f"localhost/model:{key}-{base.name.rpartition(':')[2]}"
    reference = f"{registry}/{model_folder.name}:{key}"
    with machine.alone(store.folder):
        if not store.exists(name):
            folder = store.folder / f"wheels-{base.python}-{images.content_key(lock)}"
            wheels = images.wheelhouse(lock, folder, python=base.python)
            store.build(
                name,
                dockerfile=recipe,
                context=model_folder.resolve(),
                arguments={"BASE": base.name},
                volumes={wheels: "/wheels", wheels / "pip.conf": "/etc/pip.conf"},
                contexts={"platform": CONTENT.parent},
            )
        store.push(name, reference)
        root = store.root(name)
    config = images.pushed_config(reference)
    return Image(name=reference, root=root, config=config, python=base.python)


@pytest.fixture(scope="session")
def runtime(image: Image, record: Record, model: str) -> Iterator[Runtime]:
    """Rehearsals whose jobs and servers are containers of the model's image."""
    found = Runtime(image=image, record=record, model=model)
    with pytest.MonkeyPatch.context() as patch:
        for kind in (ContainerJob, ContainerTransformJob, ContainerServing):
            patch.setattr(kind, "runtime", found, raising=False)
        patch.setattr(steps, "Job", ContainerJob)
        patch.setattr(steps, "TransformJob", ContainerTransformJob)
        patch.setattr(transform, "ServingCheck", ContainerServing)
        patch.setattr(rehearsal, "ServingCheck", ContainerServing)
        yield found


@pytest.fixture(scope="session")
def training(root: Path, assembly: Path, runtime: Runtime) -> Execution:
    """The training pipeline, executed with every job in a container."""
    return rehearse_pipeline(
        root,
        runtime.model,
        assembly=assembly,
        parameters={},
        use_cache=False,
        approve=True,
        console=Console(quiet=True),
        python=runtime.image.root / "usr/bin/python3",
    )


@pytest.fixture(scope="session")
def record(request: pytest.FixtureRequest) -> Record:
    """The record of `make test-container`; one that nobody reads where pytest runs by itself."""
    plugins = request.config.pluginmanager.get_plugins()
    return next((one for one in plugins if isinstance(one, Record)), Record())


@pytest.fixture(scope="session")
def run() -> Callable[..., tuple[int, str]]:
    """Runs a container to its end; exit code and output."""

    def to_its_end(
        container: Container, *, memory: int = 8 * 1024**3, seconds: float = 300
    ) -> tuple[int, str]:
        container.folder.mkdir(parents=True, exist_ok=True)
        path = container.folder / "log.txt"
        processes = Processes()
        with (
            container.starting(memory=memory) as command,
            path.open("wb") as log,
        ):
            ending = processes.run(command, log=log, timeout_seconds=seconds)
        return ending.exit_code, path.read_text("utf-8", errors="replace")

    return to_its_end
