from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.registry import RegistryError, approve, list_versions
from mlops.rehearsal.delivery.versions import newest_approved, registered_again
from mlops.rehearsal.delivery.world import World, describe_left_out
from mlops.rehearsal.errors import RehearsalError

Git = Callable[..., str]
GROUP = "mlops-bike-demand"


@pytest.fixture
def world(repository: Path, tmp_path: Path) -> World:
    return World.made(repository, tmp_path / "world", model="bike-demand")


def test_the_remote_has_the_checkouts_last_commit_on_its_main_branch(
    world: World, repository: Path, git: Git
) -> None:
    assert world.tip == git("rev-parse", "HEAD", cwd=repository)
    assert world.checkout().subject == "Everything"


def test_a_push_is_what_the_next_checkout_shows(world: World) -> None:
    first = world.checkout()
    path = first.root / "config/releases.yaml"
    path.write_text("releases:\n  bike-demand: {dev: 7}\n")
    world.git("commit", "--quiet", "--all", "--message", "Seven", folder=first.root)
    world.git("push", "--quiet", "origin", "HEAD", folder=first.root)

    second = world.checkout()

    assert second.root != first.root
    assert second.platform.releases.version(model="bike-demand", stage="dev") == 7


def test_nothing_of_the_checkout_that_is_rehearsed_changes(
    world: World, repository: Path, git: Git
) -> None:
    before = git("rev-parse", "HEAD", cwd=repository)
    client = world.client(world.checkout().platform)
    client.create_model_package_group(ModelPackageGroupName=GROUP)

    assert git("rev-parse", "HEAD", cwd=repository) == before
    assert git("status", "--porcelain", cwd=repository) == ""
    assert not (repository / ".mlops/registry").exists()


def test_the_registry_begins_as_a_copy(repository: Path, tmp_path: Path) -> None:
    original = World.made(repository, tmp_path / "one", model="bike-demand")
    client = original.client(original.checkout().platform)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    (repository / ".mlops").mkdir(exist_ok=True)
    (tmp_path / "one/aws/registry").rename(repository / ".mlops/registry")

    copied = World.made(repository, tmp_path / "two", model="bike-demand")

    assert list_versions(copied.client(copied.checkout().platform), GROUP) == []
    with pytest.raises(RegistryError):
        list_versions(original.client(original.checkout().platform), GROUP)


def test_what_is_not_committed_is_told_or_refused(world: World, repository: Path) -> None:
    said: list[str] = []
    describe_left_out(world, frozen=True, say=said.append)
    assert said == []
    (repository / "model_code" / "bike_demand" / "train.py").write_text("edited")
    (repository / "model_code" / "bike_demand" / "new.py").write_text("untracked")

    describe_left_out(world, frozen=False, say=said.append)

    (line,) = said
    names = "model_code/bike_demand/new.py, model_code/bike_demand/train.py"
    assert line == f"commit {world.tip[:12]} is rehearsed without what is not committed: {names}"
    with pytest.raises(RehearsalError, match="remedy: commit it"):
        describe_left_out(world, frozen=True, say=said.append)


def test_without_a_commit_there_is_nothing_to_deliver(tmp_path: Path, git: Git) -> None:
    (tmp_path / "empty").mkdir()
    git("init", "--quiet", cwd=tmp_path / "empty")

    with pytest.raises(RehearsalError, match="a git checkout with at least one commit"):
        World.made(tmp_path / "empty", tmp_path / "world", model="bike-demand")


def test_a_version_is_registered_again_and_waits_for_approval(world: World) -> None:
    client = world.client(world.checkout().platform)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    client.create_model_package(ModelPackageGroupName=GROUP, ModelPackageDescription="first")
    with pytest.raises(RehearsalError, match="no version is approved here; remedy: mlops rehearse"):
        newest_approved(client, GROUP, model="bike-demand")
    version = approve(client, GROUP, 1, reason="good")

    package = client.describe_model_package(ModelPackageName=version.arn)
    number = registered_again(client, package)

    assert newest_approved(client, GROUP, model="bike-demand") == 1
    found = {one.number: one.status for one in list_versions(client, GROUP)}
    assert found == {1: "Approved", number: "PendingManualApproval"}
    again = client.describe_model_package(ModelPackageName=version.arn.replace("/1", f"/{number}"))
    assert again["ModelPackageDescription"] == "first"
