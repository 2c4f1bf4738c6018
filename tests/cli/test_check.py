"""The command says what it found, and ends with 0, 1, 2 or 3 for who reads no text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from click.testing import Result as Ran

from mlops.checks.build import Build
from mlops.checks.result import Finding, Question, Result, failed, passed
from mlops.cli import check as command

Mlops = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way leads to AWS."""
    monkeypatch.setattr(command, "deployment_of", lambda *_: "deployment")
    monkeypatch.setattr(command.Access, "own", lambda *_: "clients")
    monkeypatch.setattr(command.Access, "starting", lambda *_: lambda: "clients")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Lets both kinds of checks answer with some findings, and records what they were asked."""

    def give(*findings: Finding) -> list[Any]:
        asked: list[Any] = []

        def run(*arguments: Any, only: Any) -> Iterator[Result]:
            asked.append((arguments, only))
            for finding in findings:
                question = Question(check="smoke", subject="bike-demand", name="x")
                yield Result(question=question, finding=finding)

        monkeypatch.setattr(command, "before", run)
        monkeypatch.setattr(command, "after", run)
        return asked

    return give


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Callable[[Build], list[Any]]:
    """Lets the stage's runner end in some way, and records how it was started."""

    def end(build: Build) -> list[Any]:
        started: list[Any] = []

        def run(_clients: Any, project: str, *, only: Any, say: Any) -> Build:
            started.append((project, tuple(only)))
            say("log: https://log")
            return build

        monkeypatch.setattr(command, "run", run)
        return started

    return end


@pytest.mark.parametrize(("finding", "code"), [(passed("fine"), 0), (failed("wrong"), 1)])
def test_before_prints_each_answer_and_ends_with_the_verdict(
    mlops: Mlops, answers: Callable[..., list[Any]], finding: Finding, code: int
) -> None:
    answers(finding)

    ran = mlops("check", "before", "prod")

    assert ran.exit_code == code
    assert f"smoke bike-demand: x: {finding.detail}" in ran.output
    assert "checks before prod: 1 " in ran.output


def test_only_some_questions_are_asked(mlops: Mlops, answers: Callable[..., list[Any]]) -> None:
    asked = answers(passed("fine"))

    mlops("check", "before", "prod", "--only", "quota", "--only", "alarms")

    assert asked == [(("deployment",), ("quota", "alarms"))]


def test_a_report_is_written_where_it_is_asked_for(
    mlops: Mlops, answers: Callable[..., list[Any]], tmp_path: Path
) -> None:
    answers(passed("fine"))

    ran = mlops("check", "before", "prod", "--report", str(tmp_path / "report"))

    assert ran.exit_code == 0
    assert (tmp_path / "report" / "index.html").is_file()


@pytest.mark.parametrize(("status", "code"), [("SUCCEEDED", 0), ("FAILED", 1), ("TIMED_OUT", 1)])
def test_after_waits_for_the_runner_of_the_stage_and_tells_its_log_and_end(
    mlops: Mlops, builds: Callable[[Build], list[Any]], status: str, code: int
) -> None:
    started = builds(Build(status=status, reason="1 failed"))

    ran = mlops("check", "after", "staging", "--only", "smoke")

    assert ran.exit_code == code
    assert started == [("mlops-staging-checks", ("smoke",))]
    assert ran.output == f"log: https://log\nmlops-staging-checks: {status}: 1 failed\n"


def test_here_the_plan_of_the_assembly_is_run_in_this_process(
    mlops: Mlops, answers: Callable[..., list[Any]], assembly: Path
) -> None:
    asked = answers(passed("fine"))

    ran = mlops("check", "after", "prod", "--here", "--assembly", str(assembly))

    assert ran.exit_code == 0, ran.output
    ((plan, clients), only) = asked[0]
    assert (plan.stage, clients, only) == ("prod", "clients", None)


def test_where_nothing_is_released_there_is_nothing_to_check(
    mlops: Mlops, repository: Path
) -> None:
    (repository / "config" / "releases.yaml").write_text("releases: {}\n")

    ran = mlops("check", "after", "prod")

    assert ran.exit_code == 0
    assert ran.output == "prod: nothing is released there, so there is nothing to check\n"


def test_a_stage_without_checks_says_so(mlops: Mlops, repository: Path) -> None:
    stages = repository / "config" / "stages.yaml"
    stages.write_text(stages.read_text().replace("[smoke, integration, load, metrics]", "[]"))

    ran = mlops("check", "after", "staging")

    assert ran.exit_code == 0
    assert "asks for no checks" in ran.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("before", "production"), "there is no stage 'production'; allowed: dev, staging, prod"),
        (("after", "prod", "--report", "x"), "are for --here"),
        (("before", "prod", "--only", "smoke"), "'smoke' is not one of 'bootstrap'"),
        (("after", "prod", "--only", "quota"), "'quota' is not one of 'smoke'"),
    ],
)
def test_a_users_mistake_ends_with_two(mlops: Mlops, arguments: tuple[str, ...], said: str) -> None:
    ran = mlops("check", *arguments)

    assert ran.exit_code == 2
    assert said in ran.output


def test_missing_credentials_are_told_without_a_traceback(
    mlops: Mlops, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: Any) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(command, "deployment_of", nobody)

    ran = mlops("check", "before", "prod")

    assert ran.exit_code == 3
    assert "no access: Unable to locate credentials" in ran.output
