"""The runner is started as it is, waited for, and its end is told with the reason."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops.checks.build import LONGEST_SECONDS, Build, run
from mlops.checks.clients import Clients

Run = Callable[..., tuple[Build, list[str]]]
PHASES = [
    {"phaseType": "QUEUED", "phaseStatus": "SUCCEEDED"},
    {
        "phaseType": "DOWNLOAD_SOURCE",
        "phaseStatus": "FAILED",
        "contexts": [{"statusCode": "S3", "message": "access denied"}],
    },
    {"phaseType": "COMPLETED"},
]


class Project:
    """A build that ends after so many looks."""

    def __init__(self, aws: Any) -> None:
        self.looks = 3
        self.end: dict[str, Any] = {"buildStatus": "SUCCEEDED"}
        aws.offer(self.start_build, self.batch_get_builds)

    def start_build(self, **_: Any) -> dict[str, Any]:
        return {"build": {"id": "acme:1", "startTime": datetime(2026, 1, 1, tzinfo=UTC)}}

    def batch_get_builds(self, *, ids: list[str]) -> dict[str, Any]:
        assert ids == ["acme:1"]
        self.looks -= 1
        build = {"id": "acme:1", "logs": {"deepLink": "https://log"}, "buildComplete": False}
        done = {"buildComplete": True, **self.end} if self.looks <= 0 else {}
        return {"builds": [build | done]}


@pytest.fixture
def project(aws: Any) -> Project:
    return Project(aws)


@pytest.fixture
def run_it(project: Project, clients: Clients, clock: Any) -> Run:
    def ran(*only: str) -> tuple[Build, list[str]]:
        said: list[str] = []
        return run(lambda: clients, "acme", only=only, say=said.append), said

    return ran


def test_a_run_that_passes_is_waited_for_and_its_log_told_once(run_it: Run) -> None:
    build, said = run_it()

    assert build.passed
    assert said == ["started acme:1", "log: https://log"]


def test_nothing_of_the_runner_is_changed_unless_that_is_asked_for(run_it: Run, aws: Any) -> None:
    run_it()

    assert aws.asked("StartBuild") == [{"projectName": "acme"}]


def test_only_some_checks_are_asked_for_by_a_variable(run_it: Run, aws: Any) -> None:
    run_it("smoke", "load")

    (request,) = aws.asked("StartBuild")
    assert request["environmentVariablesOverride"] == [
        {"name": "CHECKS_ONLY", "value": "--only smoke --only load"}
    ]


def test_a_run_that_fails_is_told_by_its_own_summary(run_it: Run, project: Project) -> None:
    exported = {"name": "CHECKS_SUMMARY", "value": "1 failed; smoke churn"}
    project.end = {"buildStatus": "FAILED", "exportedEnvironmentVariables": [exported]}

    build, _ = run_it()

    assert not build.passed
    assert build.reason == "1 failed; smoke churn"


def test_a_run_that_never_began_is_told_by_the_phase_that_failed(
    run_it: Run, project: Project
) -> None:
    project.end = {"buildStatus": "FAILED", "phases": PHASES}

    build, _ = run_it()

    assert build.reason == "DOWNLOAD_SOURCE: access denied"


@pytest.mark.parametrize("status", ["FAULT", "TIMED_OUT", "STOPPED"])
def test_every_other_end_is_no_pass(run_it: Run, project: Project, status: str) -> None:
    project.end = {"buildStatus": status}

    build, _ = run_it()

    assert (build.passed, build.status) == (False, status)


def test_a_run_that_never_ends_is_given_up_in_bounded_time(
    run_it: Run, project: Project, clock: Any
) -> None:
    project.looks = 10**9

    build, _ = run_it()

    assert not build.passed
    assert clock.now <= LONGEST_SECONDS + 60


def test_each_call_has_fresh_credentials(project: Project, clients: Clients, clock: Any) -> None:
    made: list[Clients] = []

    def fresh() -> Clients:
        made.append(clients)
        return clients

    run(fresh, "acme", only=(), say=lambda _: None)

    assert len(made) == 4
