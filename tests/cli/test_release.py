import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops.cli import cli
from mlops.contract import ContractError, load_config, load_platform
from mlops.registry import approve, local_client
from mlops.release import RecordFiles
from mlops.rollout.record import ReleaseRecord

Mlops = Callable[..., Result]
Git = Callable[..., str]
MODEL = "bike-demand"
RELEASES = """\
# Who runs what.
releases:
  bike-demand: {dev: 3, staging: 2}  # the first model
"""


@pytest.fixture
def git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Makes the copy a checkout with one commit of the releases; runs git in it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("COLUMNS", "200")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")

    def run(*arguments: str) -> str:
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    (repository / "config/releases.yaml").write_text(RELEASES)
    run("init", "--quiet", "--initial-branch=main")
    run("add", "config/releases.yaml")
    run("commit", "--quiet", "--message", "Start")
    return run


@pytest.fixture
def registered(repository: Path) -> None:
    """A local registry of three versions, of which 2 is approved."""
    platform = load_platform(repository, model=MODEL)
    stage, group = platform.stages.training, platform.names.model_package_group(MODEL)
    folder = repository / ".mlops" / "registry"
    client = local_client(folder, account=stage.account, region=stage.region)
    client.create_model_package_group(ModelPackageGroupName=group)
    for _ in range(3):
        client.create_model_package(ModelPackageGroupName=group)
    approve(client, group, 2, reason="read the card")


def content(repository: Path) -> str:
    return (repository / "config/releases.yaml").read_text()


@pytest.mark.usefixtures("git")
def test_a_pin_shows_its_diff_and_is_left_to_be_committed(mlops: Mlops, repository: Path) -> None:
    result = mlops("release", "pin", MODEL, "prod", "2")

    assert result.exit_code == 0, result.output
    assert "-  bike-demand: {dev: 3, staging: 2}  # the first model\n" in result.output
    assert "+  bike-demand: {dev: 3, staging: 2, prod: 2}  # the first model\n" in result.output
    assert result.output.endswith(
        "Release: bike-demand 2 in prod: written; the release is made by its commit\n"
    )
    assert content(repository) == RELEASES.replace("staging: 2", "staging: 2, prod: 2")


@pytest.mark.usefixtures("git")
def test_an_equal_pin_says_that_there_is_nothing_to_change(mlops: Mlops, repository: Path) -> None:
    pinned = mlops("release", "pin", MODEL, "dev", "3")
    unpinned = mlops("release", "unpin", MODEL, "prod")

    assert pinned.output == "bike-demand in dev: is 3 already; nothing to change\n"
    assert unpinned.output == "bike-demand in prod: has no release there; nothing to change\n"
    assert content(repository) == RELEASES


@pytest.mark.usefixtures("git")
def test_a_model_is_taken_out_of_a_stage(mlops: Mlops, repository: Path) -> None:
    result = mlops("release", "unpin", MODEL, "staging")

    assert result.exit_code == 0, result.output
    assert content(repository) == RELEASES.replace(", staging: 2", "")


@pytest.mark.usefixtures("git")
def test_a_promotion_goes_to_the_next_stage(mlops: Mlops, repository: Path) -> None:
    result = mlops("release", "promote", MODEL, "--from", "dev")

    assert result.exit_code == 0, result.output
    assert content(repository) == RELEASES.replace("staging: 2", "staging: 3")
    assert mlops("release", "promote", MODEL).exit_code == 2


def record_content(repository: Path, **changed: str) -> None:
    """Let the registry say of version 2 what a registration records."""
    platform = load_platform(repository, model=MODEL)
    stage, names = platform.stages.training, platform.names
    folder = repository / ".mlops" / "registry"
    client = local_client(folder, account=stage.account, region=stage.region)
    digests = {"archive": "a", "evaluated": "a", "answers": "b", "baseline": "c"}
    metadata = {f"{part}_sha256": digit * 64 for part, digit in digests.items()} | changed
    container = {"Image": f"registry.example.com/mlops/bike-demand@sha256:{'d' * 64}"}
    client.update_model_package(
        ModelPackageArn=names.model_package_arn(MODEL, 2),
        CustomerMetadataProperties=metadata,
        InferenceSpecification={"Containers": [container]},
    )


@pytest.mark.usefixtures("git", "registered")
def test_a_registry_that_is_asked_says_what_the_version_consists_of(
    mlops: Mlops, repository: Path
) -> None:
    record_content(repository)

    result = mlops("release", "pin", MODEL, "prod", "2", "--target", "local")

    assert result.exit_code == 0, result.output
    said = ", ".join(
        f"{part}: {digit * 64}"
        for part, digit in zip(("archive", "answers", "baseline", "image"), "abcd", strict=True)
    )
    assert f'+contents:\n+  bike-demand:\n+    "2": {{{said}}}\n' in result.output
    assert load_platform(repository, model=MODEL).releases.content(model=MODEL, version=2)


@pytest.mark.usefixtures("git", "registered")
def test_a_stage_that_asks_for_contents_is_pinned_by_a_registry_that_knows_them(
    mlops: Mlops, repository: Path
) -> None:
    stages = repository / "config" / "stages.yaml"
    asking = "  prod:\n    recorded_contents: required\n"
    stages.write_text(stages.read_text().replace("  prod:\n", asking, 1))
    record_content(repository)

    unasked = mlops("release", "pin", MODEL, "prod", "2")
    kept = content(repository)
    asked = mlops("release", "pin", MODEL, "prod", "2", "--target", "local")

    assert isinstance(unasked.exception, ContractError)
    assert f"`mlops release pin {MODEL} prod 2 --target aws`" in str(unasked.exception)
    assert kept == RELEASES
    assert asked.exit_code == 0, asked.output
    assert load_platform(repository, model=MODEL).releases.content(model=MODEL, version=2)


@pytest.mark.usefixtures("git", "registered")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"baseline_sha256": "gone"}, "does not record baseline_sha256"),
        ({"evaluated_sha256": "e" * 64}, "was replaced while the pipeline ran"),
    ],
)
def test_a_version_whose_record_is_not_whole_is_not_released(
    mlops: Mlops, repository: Path, changed: dict[str, str], said: str
) -> None:
    record_content(repository, **changed)

    result = mlops("release", "pin", MODEL, "prod", "2", "--target", "local")

    assert result.exit_code == 1
    assert said in result.output
    assert content(repository) == RELEASES


@pytest.mark.usefixtures("git", "registered")
def test_a_version_that_was_replaced_after_its_release_is_not_promoted(
    mlops: Mlops, repository: Path
) -> None:
    record_content(repository)
    mlops("release", "pin", MODEL, "prod", "2", "--target", "local")
    record_content(repository, archive_sha256="f" * 64, evaluated_sha256="f" * 64)

    result = mlops("release", "pin", MODEL, "dev", "2", "--target", "local")

    assert result.exit_code == 1
    assert "was replaced; remedy: reject the version" in result.output


def test_a_release_is_committed_with_its_reason(mlops: Mlops, git: Git) -> None:
    result = mlops("release", "pin", MODEL, "dev", "4", "--commit", "--reason", " better in rain ")

    assert result.exit_code == 0, result.output
    assert f"committed as {git('rev-parse', 'HEAD')[:10]}" in result.output
    assert git("log", "-1", "--format=%B") == (
        "Release: bike-demand 4 in dev (was 3)\n\nbetter in rain"
    )
    assert git("show", "--format=", "--name-only") == "config/releases.yaml"


def test_the_way_back_and_its_history(mlops: Mlops, git: Git, repository: Path) -> None:
    why = ("--commit", "--reason", "see the incident")
    mlops("release", "pin", MODEL, "dev", "4", *why)

    back = mlops("release", "rollback", MODEL, "dev", *why)
    again = mlops("release", "rollback", MODEL, "dev", *why)

    assert back.exit_code == 0, back.output
    assert content(repository) == RELEASES
    assert again.exit_code == 1
    assert "nothing to go back to from 3" in again.output
    shown = mlops("release", "history", MODEL, "--stage", "dev").output
    assert [part in shown for part in ("4 → 3", "3 → 4", "- → 3", "see the incident", "Ada")] == (
        [True] * 5
    )
    assert "staging" not in shown
    assert "staging" in mlops("release", "history", MODEL).output
    assert git("rev-list", "--count", "HEAD") == "3"


@pytest.mark.usefixtures("git", "registered")
@pytest.mark.parametrize(
    ("version", "said"),
    [("2", "written"), ("3", "is PendingManualApproval"), ("7", "not in the registry")],
)
def test_a_registry_that_is_asked_must_have_approved_the_version(
    mlops: Mlops, repository: Path, version: str, said: str
) -> None:
    result = mlops("release", "pin", MODEL, "prod", version, "--target", "local")

    assert said in result.output
    assert (result.exit_code == 0) == (version == "2")
    assert (content(repository) == RELEASES) == (version != "2")


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize("version", ["99", "5"])
def test_a_version_that_nobody_knows_is_not_written(
    mlops: Mlops, repository: Path, version: str
) -> None:
    before = content(repository)

    result = mlops("release", "pin", MODEL, "dev", version)

    assert result.exit_code == 1
    assert "knows this version; known: " in result.output
    assert "--target aws" in result.output
    assert content(repository) == before


@pytest.mark.usefixtures("git", "registered")
def test_a_version_of_this_machines_registry_is_known(mlops: Mlops, repository: Path) -> None:
    releases = repository / "config/releases.yaml"
    releases.write_text("releases: {}\n")

    known, unknown = (mlops("release", "pin", MODEL, "dev", number) for number in ("3", "4"))

    assert known.exit_code == 0
    assert unknown.exit_code == 0  # the next one
    assert mlops("release", "pin", MODEL, "dev", "7").exit_code == 1


@pytest.mark.usefixtures("git", "registered")
def test_a_promotion_and_a_rollback_ask_the_registry_too(mlops: Mlops) -> None:
    promoted = mlops("release", "promote", MODEL, "--from", "dev", "--target", "local")
    mlops("release", "pin", MODEL, "dev", "2")
    rolled_back = mlops("release", "rollback", MODEL, "dev", "--target", "local")

    assert "bike-demand 3: is PendingManualApproval" in promoted.output
    assert "bike-demand 3: is PendingManualApproval" in rolled_back.output


@pytest.mark.usefixtures("git", "registered")
def test_the_status_compares_each_stage_with_the_registry(mlops: Mlops) -> None:
    result = mlops("release", "status", MODEL, "--target", "local")

    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines == [
        "bike-demand",
        "stage pinned live approved newest what differs",
        "dev 3 not served here 2 3 3 is pinned and PendingManualApproval",
        "3 waits for a decision",
        "staging 2 not served here 2 3 3 waits for a decision",
        "dev has 3",
        "prod - not served here 2 3 2 is approved and not pinned",
        "3 waits for a decision",
        "staging has 2",
    ]


@pytest.mark.usefixtures("registered")
def test_the_status_shows_what_a_stage_rolled_back(
    mlops: Mlops, git: Git, repository: Path
) -> None:
    endpoint = f"mlops-staging-{MODEL}"
    record = ReleaseRecord(
        stage="staging",
        model=MODEL,
        endpoint=endpoint,
        release="0123456789ab",
        package=f"arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-{MODEL}/2",
        version=2,
        deployment="config",
        outcome="unhealthy",
        cause="model",
        reasons=(),
        red_alarms=(f"{endpoint}-rollback-wrong-answers-0123456789ab",),
        canary_invocations=250,
        live_version=1,
        time=datetime.now(UTC).isoformat(),
    )
    records = RecordFiles(folder=repository / ".mlops/records")
    staging = load_config(repository).stages.stage("staging")
    records.add(staging, MODEL, record.to_json())

    shown = mlops("release", "status", MODEL, "--target", "local", "--json")

    held = {one["stage"]: one["held"] for one in json.loads(shown.stdout)["models"][0]["stages"]}
    told = f"2 is pinned here and was rolled back in staging at {record.time}: decide about it"
    assert (held["dev"], held["staging"]) == ([], [told])
    assert held["prod"] == [
        (
            f"2 is approved and held: rolled back in staging at {record.time}; approve it again or "
            "pin it to let it in again"
        )
    ]
    records.add(staging, MODEL, replace(record, red_alarms=()).to_json())
    assert "is not believed: it blames version 2 without proof: no rollback alarm" in (
        mlops("release", "status", MODEL, "--target", "local").output
    )


@pytest.mark.usefixtures("git")
def test_the_status_of_every_model_needs_no_registry(mlops: Mlops) -> None:
    alone = mlops("release", "status")
    without = mlops("release", "status", "--target", "local")

    assert "not served here" in alone.output
    assert "the registry was not compared: mlops-bike-demand" in without.output
    assert without.exit_code == 0


def test_the_status_asks_every_stage_with_its_own_profile(
    mlops: Mlops, git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git("status")
    profiles = tmp_path / "aws"
    profiles.write_text("[profile all]\n[profile production]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    asked = []

    def refused(stage: object, *, profile: str | None) -> None:
        asked.append((getattr(stage, "name", ""), profile))

    monkeypatch.setattr("mlops.cli.release.stage_clients", refused)
    monkeypatch.setattr("mlops.cli.release.live_version", lambda *_: _nothing())
    monkeypatch.setattr("mlops.cli.release.registered_versions", lambda *_: {})
    monkeypatch.setattr("mlops.cli.release._with_held", lambda *given: (given[2], True))

    result = mlops(
        "release", "status", "--target", "aws", "--profile", "all", "--profile", "prod=production"
    )

    assert result.exit_code == 0, result.output
    assert asked == [("dev", "all"), ("staging", "all"), ("prod", "production")]
    assert "3 is pinned and no endpoint is there" in result.output


def _nothing() -> object:
    from mlops.release import Live

    return Live()


@pytest.mark.usefixtures("git")
def test_a_profile_that_does_not_exist_is_told_without_a_traceback(mlops: Mlops) -> None:
    result = mlops("release", "status", "--target", "aws", "--profile", "nobody")

    assert result.exit_code == 3
    assert "not compared: The config profile (nobody) could not be found" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pin", MODEL, "qa", "3"), "there is no stage 'qa'; allowed: dev, staging, prod"),
        (("pin", MODEL, "dev", "0"), "0 is not in the range"),
        (("pin", MODEL, "dev", "4", "--commit"), "--commit needs a --reason"),
        (("pin", MODEL, "dev", "4", "--reason", "x"), "--reason goes into a commit"),
        (("promote", MODEL, "--from", "dev", "--to", "prod"), "got dev to prod"),
        (("rollback", MODEL, "prod"), "no release in prod to go back from"),
        (("rollback", MODEL, "dev"), "nothing to go back to from 3"),
        (("history", MODEL, "--stage", "qa"), "there is no stage 'qa'"),
    ],
)
@pytest.mark.usefixtures("git")
def test_a_mistake_is_told_and_changes_nothing(
    mlops: Mlops, repository: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = mlops("release", *arguments)

    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "Traceback" not in result.output
    assert content(repository) == RELEASES


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize(
    "command",
    [("pin", MODEL, "dev", "4"), ("unpin", MODEL, "dev"), ("promote", MODEL, "--to", "prod")],
)
def test_on_a_detached_head_nothing_is_written_or_committed(
    mlops: Mlops, git: Git, command: tuple[str, ...]
) -> None:
    git("switch", "--quiet", "--detach")
    before = git("rev-parse", "HEAD")

    result = mlops("release", *command, "--commit", "--reason", "why")

    assert result.exit_code == 1
    assert "HEAD is detached" in result.output
    assert git("rev-parse", "HEAD") == before
    assert git("status", "--porcelain", "--untracked-files=no") == ""


@pytest.mark.usefixtures("git")
def test_a_file_with_changes_of_its_own_is_not_committed(mlops: Mlops, repository: Path) -> None:
    dirty = RELEASES + "# half done\n"
    (repository / "config/releases.yaml").write_text(dirty)

    result = mlops("release", "pin", MODEL, "dev", "4", "--commit", "--reason", "why")

    assert result.exit_code == 1
    assert "differs from the last commit" in result.output
    assert content(repository) == dirty


@pytest.mark.usefixtures("git")
def test_an_unknown_model_is_the_contracts_problem(repository: Path) -> None:
    with pytest.raises(ContractError, match="there is no model fraud"):
        CliRunner().invoke(
            cli,
            ["--root", str(repository), "release", "pin", "fraud", "dev", "1"],
            catch_exceptions=False,
        )
