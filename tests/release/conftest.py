import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from mlops.contract import Platform, load_platform
from mlops.registry import SageMakerClient, approve, local_client, reject, show
from mlops.release import ReleasesFile
from mlops.release.git.git import Git as UnattendedGit
from mlops.release.git.git import Identity, unattended
from mlops.release.git.remote import Remote
from mlops.rollout.fleets import Fleets, FleetSums
from mlops.rollout.record import ReleaseRecord

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "model_code/bike_demand/model.yaml"

STAGES = """\
delivery: {account: "111111111111", region: eu-west-1}
stages:
  dev:
    account: "222222222222"
    region: eu-west-1
    trains: true
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}
  staging:
    account: "333333333333"
    region: eu-west-1
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}
  prod:
    account: "444444444444"
    region: eu-west-1
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}
"""

RELEASES = """\
# Who runs what.
releases:
  bike-demand: {dev: 3, staging: 2}  # the first model
"""

Git = Callable[..., str]
_PUSHES = 5
ADA = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": "Ada" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "ada@example.com" for role in ("AUTHOR", "COMMITTER")},
}
AUTHOR = Identity(name="Release automation", email="releases@example.com")


@dataclass(frozen=True, kw_only=True)
class Host:
    """A repository that others push to, and the clone of a person who does."""

    bare: Path
    desk: Path

    @classmethod
    def at(cls, folder: Path) -> "Host":
        """A platform of two models and three stages, which release what was approved."""
        host = cls(bare=folder / "host.git", desk=folder / "desk")
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", host.bare)
        run("git", "init", "--quiet", "--initial-branch=main", host.desk)
        for name, text in {
            "config/stages.yaml": STAGES_OF_THE_HOST,
            "config/releases.yaml": "releases: {}\n",
            "model_code/bike_demand/model.yaml": CONTRACT.read_text("utf-8"),
            "model_code/churn/model.yaml": "nobody reads this",
        }.items():
            (host.desk / name).parent.mkdir(parents=True, exist_ok=True)
            (host.desk / name).write_text(text)
        host.git("add", ".")
        host.git("commit", "--quiet", "--message", "Start")
        host.git("remote", "add", "origin", "../host.git")
        host.git("push", "--quiet", "origin", "main")
        return host

    def git(self, *arguments: str) -> str:
        """Runs git at the person's desk."""
        return run("git", "-C", self.desk, *arguments)

    def write(self, name: str, text: str, message: str = "Change") -> str:
        """A person changes a file on the newest state, and pushes."""
        self.git("pull", "--quiet", "origin", "main")
        (self.desk / name).write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", message)
        self._push()
        return self.git("rev-parse", "HEAD")

    def _push(self) -> None:
        """Like a person: whoever was overtaken rebases and pushes again."""
        push = ("git", "-C", self.desk, "push", "--quiet", "origin", "HEAD:main")
        for _ in range(_PUSHES):
            if tried(*push).returncode == 0:
                return
            self.git("pull", "--quiet", "--rebase", "origin", "main")
        run(*push)

    def release(self, pins: str, message: str = "By hand") -> str:
        """A person pins versions of bike-demand, like `dev: 3, prod: 1`."""
        return self.write(
            "config/releases.yaml", f"releases:\n  bike-demand: {{{pins}}}\n", message
        )

    def show(self, name: str, branch: str = "main") -> str:
        """A file of the host."""
        return run("git", "-C", self.bare, "show", f"{branch}:{name}")

    def log(self, branch: str = "main", what: str = "%an: %s") -> list[str]:
        """The commits of the host, newest first."""
        return run("git", "-C", self.bare, "log", f"--format={what}", branch).splitlines()

    def branches(self) -> list[str]:
        """The branches of the host."""
        listed = run("git", "-C", self.bare, "for-each-ref", "--format=%(refname:short)")
        return listed.splitlines()

    def hook(self, name: str, script: str) -> None:
        """Lets the host run a script."""
        path = self.bare / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def remote(self) -> Remote:
        """The delivered branch."""
        return Remote(url=str(self.bare), branch="main")


def run(*command: object) -> str:
    done = tried(*command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def tried(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env={**{name: os.environ[name] for name in ("HOME", "PATH")}, **ADA},
    )


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """The folder of rehearsals: a registry to decide in, and records to write."""

    folder: Path

    @cached_property
    def client(self) -> SageMakerClient:
        """The registry."""
        return local_client(self.folder / "registry", account="222222222222")

    def register(self, *statuses: str, model: str = "bike-demand") -> None:
        """A group with a version per status, numbered from one."""
        group = f"mlops-{model}"
        self.client.create_model_package_group(ModelPackageGroupName=group)
        for number, status in enumerate(statuses, 1):
            self.client.create_model_package(
                ModelPackageGroupName=group, ModelApprovalStatus="PendingManualApproval"
            )
            if status == "Approved":
                approve(self.client, group, number, reason=f"read card {number}")
            if status == "Rejected":
                reject(self.client, group, number, reason=f"read card {number}")

    def record_content(self, number: int, *, model: str = "bike-demand", **changed: str) -> None:
        """What a registration records of a version's bytes."""
        digests = {"archive": "a", "evaluated": "a", "answers": "b", "baseline": "c"}
        metadata = {f"{part}_sha256": digit * 64 for part, digit in digests.items()} | changed
        container = {"Image": f"registry.example.com/mlops/{model}@sha256:{'d' * 64}"}
        group = f"arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-{model}"
        self.client.update_model_package(
            ModelPackageArn=f"{group}/{number}",
            CustomerMetadataProperties=metadata,
            InferenceSpecification={"Containers": [container]},
        )

    def decide(self, number: int, status: str, reason: str, model: str = "bike-demand") -> None:
        """A person approves or rejects a version."""
        call = approve if status == "Approved" else reject
        call(self.client, f"mlops-{model}", number, reason=reason)

    def status(self, number: int, model: str = "bike-demand") -> tuple[str, str | None]:
        """What the registry says about a version, and why."""
        found = show(self.client, f"mlops-{model}", number)
        return found.version.status, found.reason

    def record(self, stage: str, number: int, **changes: object) -> ReleaseRecord:
        """A stage's last release of bike-demand: the canary failed, now, by all of the evidence."""
        record = replace(failed(stage, number), time=datetime.now(UTC).isoformat())
        record = replace(record, **changes)  # type: ignore[arg-type]  # any field
        self.write(stage, record.to_json())
        return record

    def write(self, stage: str, text: str) -> None:
        """What anybody who may write the stage's parameter puts there as its next value."""
        path = self.folder / "records" / stage / "bike-demand.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"{text}\n")


PACKAGES = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-bike-demand"
FLEETS = Fleets(
    old=FleetSums(requests=2500.0, latency_microseconds=2.5e7),
    new=FleetSums(requests=250.0, failures=125.0, latency_microseconds=2.5e6),
)


def failed(stage: str, number: int) -> ReleaseRecord:
    """The record of a version whose canary failed in a stage, with all of the evidence."""
    endpoint = f"mlops-{stage}-bike-demand"
    return ReleaseRecord(
        stage=stage,
        model="bike-demand",
        endpoint=endpoint,
        release="0123456789ab",
        package=f"{PACKAGES}/{number}",
        version=number,
        deployment=f"EndpointConfig-{stage}-{number}",
        outcome="unhealthy",
        cause="model",
        reasons=("SageMaker rolled back",),
        red_alarms=(f"{endpoint}-rollback-model-errors-0123456789ab",),
        canary_invocations=250,
        live_version=number + 90,
        time="2026-01-01T12:00:00+00:00",
        fleets=FLEETS,
    )


STAGES_OF_THE_HOST = STAGES.replace(
    "region: eu-west-1}\n",
    "region: eu-west-1, source: {repository: platform}}\n",
    1,
).replace("    capacity:", "    promotion: on-approval\n    capacity:")


@pytest.fixture(scope="session")
def new_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a host to copy: git takes long to make one."""
    folder = tmp_path_factory.mktemp("new_host")
    Host.at(folder)
    return folder


@pytest.fixture
def host(tmp_path: Path, machine: None, new_host: Path) -> Host:
    for name in ("host.git", "desk"):
        shutil.copytree(new_host / name, tmp_path / name)
    return Host(bare=tmp_path / "host.git", desk=tmp_path / "desk")


@pytest.fixture
def rehearsed(tmp_path: Path) -> Rehearsed:
    return Rehearsed(folder=tmp_path / "rehearsals")


@pytest.fixture
def unattended_git(machine: None) -> UnattendedGit:
    return unattended(AUTHOR)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A platform of two models, of which one is complete, and three stages."""
    root = tmp_path / "repository"
    ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
    shutil.copytree(
        ROOT / "model_code/bike_demand", root / "model_code/bike_demand", ignore=ignored
    )
    (root / "model_code/churn").mkdir()
    (root / "model_code/churn/model.yaml").write_text("nobody reads this")
    (root / "config").mkdir()
    (root / "config/stages.yaml").write_text(STAGES)
    (root / "config/releases.yaml").write_text(RELEASES)
    return root


@pytest.fixture
def platform(repository: Path) -> Platform:
    return load_platform(repository, model="bike-demand")


@pytest.fixture
def file(repository: Path) -> ReleasesFile:
    return ReleasesFile.read(repository, model="bike-demand")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which git knows nobody but Ada."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in ADA.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def git(repository: Path, machine: None) -> Git:
    """Makes the repository a checkout whose only tracked file is the releases'; runs git in it."""

    def run(*arguments: str, cwd: Path = repository) -> str:
        command = ["git", "-C", str(cwd), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    return run


@pytest.fixture
def release(repository: Path, git: Git) -> Callable[[str, str], str]:
    """Commits pins like `dev: 3, prod: 1` of bike-demand under a message; returns the commit."""

    def commit(pins: str, message: str) -> str:
        path = repository / "config/releases.yaml"
        path.write_text(f"releases:\n  bike-demand: {{{pins}}}\n")
        git("add", "config/releases.yaml")
        git("commit", "--quiet", "--message", message)
        return git("rev-parse", "HEAD")

    return commit
