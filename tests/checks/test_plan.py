"""A plan survives the way into the archive, and a broken one names what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlops.checks.plan import Plan, PlanError, read_plan


def test_a_plan_that_was_written_is_read_as_it_was(plan: Plan) -> None:
    assert Plan.from_json(plan.to_json()) == plan


def changed(plan: Plan, **changes: Any) -> str:
    return json.dumps(json.loads(plan.to_json()) | changes)


def test_a_plan_of_another_form_is_refused(plan: Plan) -> None:
    with pytest.raises(PlanError, match="schema: got 2; allowed: 1"):
        Plan.from_json(changed(plan, schema=2))


def test_a_check_that_nobody_knows_is_refused(plan: Plan) -> None:
    with pytest.raises(PlanError, match="got 'chaos'; allowed: smoke, integration, load, metrics"):
        Plan.from_json(changed(plan, checks=["smoke", "chaos"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "plan: got"),
        ('{"schema": 1, "stage": 3}', "plan.account: missing"),
    ],
)
def test_a_text_that_is_no_plan_is_refused_with_its_file(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "plan.json").write_text(text)

    with pytest.raises(PlanError, match=said) as refused:
        read_plan(tmp_path / "plan.json")

    assert str(tmp_path / "plan.json") in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        read_plan(tmp_path / "nothing.json")
