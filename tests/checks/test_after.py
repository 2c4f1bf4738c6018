"""The plan says which checks run; whoever runs them may ask for fewer, never for more."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.checks import after as after_module
from mlops.checks.after import after
from mlops.checks.clients import Clients
from mlops.checks.plan import Plan
from mlops.checks.result import Question, Result, passed


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which check ran for which model, in order."""
    found: list[str] = []

    def fake(check: str) -> Callable[..., list[Result]]:
        def run(release: Any, *_: Any, **__: Any) -> list[Result]:
            found.append(f"{check} {release.model}")
            question = Question(check=check, subject=release.model, name="x")
            return [Result(question=question, finding=passed("y"))]

        return run

    for check in ("smoke", "integration", "load", "metrics"):
        monkeypatch.setattr(after_module, check, fake(check))
    return found


def test_checks_run_in_order_over_all_releases(
    plan: Plan, clients: Clients, ran: list[str]
) -> None:
    (one,) = plan.releases
    both = replace(
        plan,
        checks=("metrics", "load", "smoke", "integration"),
        releases=(one, replace(one, model="other")),
    )

    results = list(after(both, clients))

    order = [check for check in ("smoke", "integration", "load", "metrics") for _ in range(2)]
    assert [one.split()[0] for one in ran] == order
    assert [r.question.subject for r in results] == ["churn", "other"] * 4


@pytest.mark.parametrize(
    ("only", "expected"),
    [(None, ["smoke churn"]), (("smoke",), ["smoke churn"]), (("load",), [])],
)
def test_only_what_is_planned_and_asked_for_runs(
    plan: Plan, clients: Clients, ran: list[str], only: Any, expected: list[str]
) -> None:
    list(after(plan, clients, only=only))

    assert ran == expected


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops.checks", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_program_asks_prints_reports_and_ends_with_one_where_something_failed(
    endpoint: Any, plan: Plan, tmp_path: Path
) -> None:
    (tmp_path / "plan.json").write_text(plan.to_json())
    # The control plane is a port that nobody listens on: its refusals are answers, too.
    nowhere = {f"AWS_ENDPOINT_URL_{s}": "http://127.0.0.1:9" for s in ("SAGEMAKER", "KMS")}

    finished = program(str(tmp_path / "plan.json"), "--report", str(tmp_path / "report"), **nowhere)

    assert finished.returncode == 1, finished.stderr
    first, second, third, *_ = finished.stdout.splitlines()
    assert first == "passed  smoke churn: example one: as recorded, within the tolerance"
    assert second.startswith("passed  smoke churn: example text")
    assert third.startswith("failed  smoke churn: described: Could not connect")
    assert (tmp_path / "report" / "report.xml").is_file()


def test_a_plan_that_cannot_be_read_is_a_users_mistake(tmp_path: Path) -> None:
    finished = program(str(tmp_path / "nothing.json"))

    assert finished.returncode == 2
    assert finished.stderr.endswith("cannot be read: No such file or directory\n")
