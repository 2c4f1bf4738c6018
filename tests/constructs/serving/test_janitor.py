"""The janitor may delete nothing that is not tagged as this endpoint's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.serving.janitor import Janitor


@pytest.fixture(scope="module")
def janitor(
    render: Callable[..., Any],
    key_in: Callable[..., Any],
    release_of: Callable[..., Release],
    handlers: Path,
) -> Any:
    return render(
        lambda stack: Janitor(
            stack, "Janitor", release=release_of(), archive=handlers, key=key_in(stack)
        )
    )


def test_deleting_is_conditioned_on_the_endpoints_tag(janitor: Any) -> None:
    statements = next(s for s in janitor.roles().values() if "DeleteLeftovers" in s)

    assert statements["DeleteLeftovers"]["Condition"] == {
        "StringEquals": {"aws:ResourceTag/mlops:endpoint": "acme-prod-churn"}
    }
    deleting = [sid for sid, s in statements.items() if "Delete" in str(s["Action"])]
    assert deleting == ["DeleteLeftovers"]


def test_it_runs_daily_and_keeps_a_month(janitor: Any) -> None:
    variables = janitor.only("AWS::Lambda::Function")["Environment"]["Variables"]

    assert janitor.only("AWS::Scheduler::Schedule")["ScheduleExpression"] == "rate(1 day)"
    assert (variables["KEEP_DAYS"], variables["KEEP_NEWEST"]) == ("30", "3")
