import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mlops.contract import ContractError
from mlops.release.automation.automation import ATTEMPTS, Automation, Report
from mlops.release.git.git import Git
from mlops.release.git.remote import Clone
from mlops.release.status.sources import LocalSources

PINNED = "releases:\n  bike-demand: {dev: 2, staging: 2, prod: 2}\n"
AGAIN = "unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main refs/heads/side; exit 0"


@pytest.fixture
def automation(host: Any, rehearsed: Any, unattended_git: Git) -> Automation:
    """The automation over the host and the folder of rehearsals; it waits for nothing."""
    rehearsed.register("Pending", model="churn")
    return Automation(
        remote=host.remote,
        git=unattended_git,
        sources=LocalSources(folder=rehearsed.folder),
        sleep=lambda _: None,
    )


def releases(host: Any) -> str:
    text: str = host.show("config/releases.yaml")
    return f"{text}\n"


def test_what_was_approved_is_pinned_in_every_stage_by_one_commit(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved", "Pending", "Rejected")
    base = host.release("dev: 1, staging: 1")

    report = automation.run()

    assert report.problems == ()
    assert releases(host) == PINNED
    assert host.log()[0] == "Release automation: Release: bike-demand 2 in dev, staging, prod"
    assert host.log(what="%H")[1] == base
    assert host.log(what="%b")[:5] == [
        "bike-demand 2 in dev (was 1): 2 is approved: read card 2",
        "bike-demand 2 in staging (was 1): 2 is approved: read card 2",
        "bike-demand 2 in prod: 2 is approved: read card 2",
        "",
        "Release-Automation: approved",
    ]
    commit = host.log(what="%H")[0][:10]
    assert report.done == (f"committed as {commit} and pushed to {host.remote}",)


def test_what_a_version_consists_of_is_committed_with_its_pins(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    rehearsed.record_content(2)
    host.release("dev: 1, staging: 1")

    report = automation.run()

    assert report.problems == ()
    lines = [line for line in report.diff.splitlines() if line.startswith("+ ")]
    assert [line.partition(": {")[0].strip("+ ") for line in lines] == [
        "bike-demand", "bike-demand:", '"2"',
    ]  # fmt: skip
    assert f"archive: {'a' * 64}" in lines[-1]


def test_a_version_whose_record_was_tampered_with_is_not_pinned_and_told(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    rehearsed.record_content(2, evaluated_sha256="e" * 64)
    base = host.release("dev: 1, staging: 1, prod: 1")

    report = automation.run()

    assert host.log(what="%H")[0] == base
    assert len(report.problems) == 3
    assert all("was replaced while the pipeline ran" in problem for problem in report.problems)


def test_every_model_moves_in_the_same_commit(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved")
    rehearsed.decide(1, "Approved", "good", model="churn")

    automation.run()

    assert host.log()[0] == "Release automation: Release: 6 pins of bike-demand, churn"
    assert len(host.log()) == 2


def test_the_same_event_twice_pushes_once(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved")
    automation.run()
    before = host.log(what="%H")

    again = automation.run()

    assert host.log(what="%H") == before
    assert (again.done, again.diff, again.problems) == ((), "", ())


def test_a_version_that_failed_where_it_is_trained_is_rejected_and_left_everywhere(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    automation.run()
    record = rehearsed.record("dev", 2)

    report = automation.run()

    status, reason = rehearsed.status(2)
    assert status == "Rejected"
    assert reason == (
        f"version 2 failed in dev at {record.time}: its canary answered 250 requests; red alarms: "
        "mlops-dev-bike-demand-rollback-model-errors-0123456789ab"
    )
    assert releases(host) == PINNED.replace("2", "1")
    assert host.log()[0] == "Release automation: Release: bike-demand 1 in dev, staging, prod"
    assert f"bike-demand 1 in dev (was 2): 2 was rolled back: {reason}" in host.log(what="%b")
    assert "Release-Automation: rolled-back" in host.log(what="%b")
    assert report.notes == (f"bike-demand: rejected: {reason}",)
    assert automation.run().done == ()


def test_a_failed_version_that_a_person_approves_again_is_pinned_again(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    automation.run()
    rehearsed.record("dev", 2)
    automation.run()

    rehearsed.decide(2, "Approved", "the caller was wrong, not the model")
    report = automation.run()

    assert rehearsed.status(2)[0] == "Approved"
    assert releases(host) == PINNED
    assert "people have the last word" in report.notes[0]


def test_a_rollback_by_a_person_is_not_undone_by_the_next_sweep(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    automation.run()
    host.release("dev: 2, staging: 2, prod: 1", "Errors doubled")

    report = automation.run()

    assert report.done == ()
    (prod,) = [one for one in report.decisions if (one.model, one.stage) == ("bike-demand", "prod")]
    assert "2 is approved and held: left by" in prod.held[0]
    rehearsed.client.create_model_package(ModelPackageGroupName="mlops-bike-demand")
    rehearsed.decide(3, "Approved", "better")
    automation.run()
    assert releases(host) == PINNED.replace("2", "3")


def test_a_merged_proposal_of_the_automation_holds_nothing(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    host.release("dev: 2, staging: 2, prod: 2")
    rehearsed.decide(2, "Rejected", "worse on weekends")
    host.git("switch", "--quiet", "--create", "proposal")
    (host.desk / "config/releases.yaml").write_text(PINNED.replace("2", "1"))
    host.git("commit", "--quiet", "--all", "--message", "Back\n\nRelease-Automation: rejected")
    host.git("switch", "--quiet", "main")
    host.git("merge", "--quiet", "--no-ff", "--message", "Merge a pull request", "proposal")
    host.git("push", "--quiet", "origin", "main")

    rehearsed.decide(2, "Approved", "after all")
    automation.run()

    assert releases(host) == PINNED


def test_a_model_that_the_registry_does_not_know_stops_no_other(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.decide(1, "Approved", "good", model="churn")

    report = automation.run()

    assert "churn: {dev: 1, staging: 1, prod: 1}" in releases(host)
    (problem,) = report.problems
    assert problem.startswith("bike-demand: mlops-bike-demand: does not exist")
    assert "nothing was registered yet" in problem


def test_a_model_that_the_repository_does_not_know_is_the_contracts_problem(
    host: Any, automation: Automation
) -> None:
    host.write("config/releases.yaml", "releases: {fraud: {dev: 1}}\n")

    with pytest.raises(ContractError, match=r"releases\.fraud: there is no such model"):
        automation.run()


def test_a_stage_that_is_released_by_hand_is_left_to_people(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    by_hand(host, "prod")
    host.release("dev: 1, staging: 1, prod: 1")

    automation.run()

    assert releases(host) == PINNED.replace("prod: 2", "prod: 1")


def test_a_rejected_version_without_a_way_back_stays_and_is_told(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Rejected")
    host.release("dev: 1")
    before = host.log(what="%H")

    report = automation.run()

    assert host.log(what="%H") == before
    assert "bike-demand in dev: 1 is pinned and Rejected" in report.problems[0]


def test_an_unreadable_record_is_told_and_stops_nothing(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    rehearsed.write("prod", "{")

    report = automation.run()

    assert releases(host) == PINNED
    assert "bike-demand.jsonl: is not a release record: not JSON" in report.problems[0]


def test_a_version_that_cannot_be_rejected_is_not_pinned_either(
    host: Any, rehearsed: Any, automation: Automation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops.registry import RegistryError

    def refused(*_: object, **__: object) -> None:
        raise RegistryError("version 2 of mlops-bike-demand: not you (AccessDeniedException)")

    rehearsed.register("Approved", "Approved")
    host.release("dev: 2")
    rehearsed.record("dev", 2)
    monkeypatch.setattr("mlops.release.automation.failures.reject", refused)

    report = automation.run()

    assert report.done == ()
    assert report.problems == (
        "bike-demand: version 2 of mlops-bike-demand: not you (AccessDeniedException)",
    )


def test_a_layout_that_defeats_one_model_stops_no_other(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    rehearsed.decide(1, "Approved", "good", model="churn")
    anchored = "releases:\n  bike-demand: &pins {dev: 1}\n  churn: {<<: *pins, prod: 1}\n"
    host.write("config/releases.yaml", anchored)

    report = automation.run()

    assert any("an anchor, a merge or an unusual layout" in problem for problem in report.problems)
    assert "staging: 1" in releases(host)


def test_a_dry_run_shows_everything_and_changes_nothing(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    automation.run()
    rehearsed.record("dev", 2)
    before = host.log(what="%H")

    report = replace(automation, is_dry_run=True).run()

    assert host.log(what="%H") == before
    assert rehearsed.status(2)[0] == "Approved"
    assert "-  bike-demand: {dev: 2, staging: 2, prod: 2}\n" in report.diff
    assert "+  bike-demand: {dev: 1, staging: 1, prod: 1}\n" in report.diff
    assert report.done == (f"would push to {host.remote}",)
    assert "rejected: version 2 failed in dev" in report.notes[0]


def test_whoever_pushes_between_two_attempts_is_built_upon(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    raced(host, host.write("README.md", "words"))

    report = automation.run()

    assert report.problems == ()
    assert [line.partition(": ")[0] for line in host.log()] == ["Release automation", "Ada", "Ada"]
    assert host.show("README.md") == "words"
    assert releases(host).endswith("bike-demand: {dev: 2, staging: 2, prod: 2}\n")


def test_a_rollback_that_a_person_pushes_at_the_same_moment_is_respected(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    host.release("dev: 1, staging: 1, prod: 2")
    raced(host, host.release("dev: 1, staging: 1, prod: 1"))

    automation.run()

    assert releases(host) == PINNED.replace("prod: 2", "prod: 1")


def test_a_race_that_never_ends_is_given_up(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved")
    pauses: list[float] = []
    host.hook(
        "pre-receive",
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "next=$(git commit-tree -p main -m More 'main^{tree}')\n"
        "git update-ref refs/heads/main $next",
    )

    report = replace(automation, sleep=pauses.append).run()

    assert report.problems == (
        f"{host.remote}: others push to it all the time; given up after {ATTEMPTS} attempts",
    )
    assert report.done == ()
    assert len(host.log()) == 1 + ATTEMPTS
    assert [0.5 * 2**n <= pause <= 2**n for n, pause in enumerate(pauses)] == [True] * 4


def test_a_protected_branch_is_told_at_once(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved")
    host.hook("pre-receive", f"echo x >> {host.bare}/tries; echo protected branch; exit 1")

    report = replace(automation, sleep=never).run()

    (problem,) = report.problems
    assert "refuses the push (pre-receive hook declined): protected branch" in problem
    assert (host.bare / "tries").read_text() == "x\n"


def test_refused_credentials_are_told_at_once(
    automation: Automation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "bin/git-remote-far"
    helper.parent.mkdir()
    helper.write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/tries\n"
        "echo \"fatal: Authentication failed for 'https://far.example/'\" >&2\nexit 128\n"
    )
    helper.chmod(0o755)
    path = f"{helper.parent}:{os.environ['PATH']}"
    git = replace(automation.git, environment={**(automation.git.environment or {}), "PATH": path})
    monkeypatch.setenv("PATH", path)
    remote = replace(automation.remote, url="far://far.example/platform")

    report = replace(automation, git=git, remote=remote, sleep=never).run()

    (problem,) = report.problems
    assert "refuses the credentials of the fetch" in problem
    assert (tmp_path / "tries").read_text() == "x\n"


def test_a_run_that_ends_between_commit_and_push_leaves_nothing_to_trip_over(
    host: Any, rehearsed: Any, automation: Automation, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed.register("Approved")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Clone, "push", interrupted)
        with pytest.raises(KeyboardInterrupt):
            automation.run()
    assert len(host.log()) == 1

    report = automation.run()

    assert report.problems == ()
    assert len(host.log()) == 2


def test_a_run_that_is_killed_while_it_pushes_leaves_nothing_to_trip_over(
    host: Any, rehearsed: Any, automation: Automation, tmp_path: Path
) -> None:
    rehearsed.register("Approved")
    host.hook("pre-receive", f"kill -9 $(cat {tmp_path}/pid); exit 1")
    script = (
        "import os, pathlib, sys\n"
        "from mlops.release.automation.automation import Automation\n"
        "from mlops.release.git.git import Identity, unattended\n"
        "from mlops.release.git.remote import Remote\n"
        "from mlops.release.status.sources import LocalSources\n"
        "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\n"
        "Automation(remote=Remote(url=sys.argv[2], branch='main'),\n"
        "    git=unattended(Identity(name='a', email='a@example.com')),\n"
        "    sources=LocalSources(folder=pathlib.Path(sys.argv[3]))).run()\n"
    )
    arguments = [str(tmp_path / "pid"), str(host.bare), str(rehearsed.folder)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    killed = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=environment, check=False, timeout=120
    )
    assert killed.returncode == -9
    assert len(host.log()) == 1
    host.hook("pre-receive", "exit 0")
    report = automation.run()

    assert report.problems == ()
    assert len(host.log()) == 2


def test_two_runs_and_a_person_at_once_lose_nothing(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved", "Approved")
    host.hook("pre-receive", "sleep 0.2")
    reports: list[Report] = []
    runs = [Thread(target=lambda: reports.append(automation.run())) for _ in range(2)]

    for run in runs:
        run.start()
    host.write("README.md", "words")
    for run in runs:
        run.join(timeout=120)

    assert [report.problems for report in reports] == [(), ()]
    assert releases(host).endswith("bike-demand: {dev: 2, staging: 2, prod: 2}\n")
    assert host.show("README.md") == "words"
    automatic = [line for line in host.log() if line.startswith("Release automation")]
    assert len(automatic) == 1


def test_a_stage_that_asks_for_pull_requests_gets_a_branch(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved")
    promoted(host, "prod", "pull-request")

    report = automation.run()

    branch = "release/bike-demand-1-prod"
    assert releases(host).endswith("bike-demand: {dev: 1, staging: 1}\n")
    assert host.branches() == ["main", branch]
    assert host.log(branch)[:2] == [
        "Release automation: Release: bike-demand 1 in prod",
        "Release automation: Release: bike-demand 1 in dev, staging",
    ]
    assert (
        report.done[-1] == f"pushed branch {branch}: open its pull request, or let the host do it"
    )


def test_a_dry_run_shows_what_a_branch_would_hold(
    host: Any, rehearsed: Any, automation: Automation
) -> None:
    rehearsed.register("Approved")
    promoted(host, "prod", "pull-request")

    report = replace(automation, is_dry_run=True).run()

    assert host.branches() == ["main"]
    assert "+  bike-demand: {dev: 1, staging: 1}\n" in report.diff
    assert "+  bike-demand: {prod: 1}\n" in report.diff
    assert report.done[-1] == "would push branch release/bike-demand-1-prod"


def by_hand(host: Any, stage: str) -> None:
    promoted(host, stage, "by-hand")


def promoted(host: Any, stage: str, promotion: str) -> None:
    """A person changes who pins in a stage."""
    head, _, tail = (host.desk / "config/stages.yaml").read_text().partition(f"  {stage}:\n")
    tail = tail.replace("promotion: on-approval", f"promotion: {promotion}", 1)
    host.write("config/stages.yaml", f"{head}  {stage}:\n{tail}")


def raced(host: Any, other: str) -> None:
    """Lets a person's newest commit arrive while the automation pushes, and not before."""
    heads = (f"{other}:refs/heads/side", f"{other}^:refs/heads/main")
    host.git("push", "--quiet", "--force", "origin", *heads)
    host.hook("pre-receive", f"[ -e once ] || {{ touch once; {AGAIN}; }}")


def never(_: float) -> None:
    raise AssertionError("nothing was to be waited for")
