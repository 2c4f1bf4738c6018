"""A pipeline that CodePipeline would refuse is refused here, with how many models fit."""

import pytest

from mlops.contract import ContractError, Names
from mlops_constructs.delivery.pipeline_limits import check_limits, models_that_fit


def test_a_pipeline_inside_the_limits_is_let_through(names: Names) -> None:
    check_limits({f"s{n}": 20 for n in range(50)}, names.stages)


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ({"dev": 51}, "dev has 51 actions, allowed: at most 50"),
        ({f"s{n}": 1 for n in range(51)}, "it has 51 stages, allowed: at most 50"),
        ({f"s{n}": 21 for n in range(48)}, "it has 1008 actions, allowed: at most 1000"),
    ],
    ids=["actions of a stage", "stages", "actions"],
)
def test_each_limit_is_told_by_its_number(names: Names, actions: dict[str, int], said: str) -> None:
    with pytest.raises(ContractError) as refused:
        check_limits(actions, names.stages)

    (problem,) = refused.value.problems
    assert said.partition(", ")[0] in problem.problem
    assert said.partition("allowed: ")[2] in str(problem.allowed)
    assert f"{models_that_fit(names.stages)} models fit" in str(problem.allowed)


def test_every_limit_that_is_broken_is_told_at_once(names: Names) -> None:
    with pytest.raises(ContractError) as refused:
        check_limits({f"s{n}": 51 for n in range(51)}, names.stages)

    assert len(refused.value.problems) == 53


def test_models_fit_until_the_thousandth_action(names: Names) -> None:
    # 5 fixed actions, 3 + 2 + 2 stacks of the stages, 3 x 2 steps of approvals, 3 questions before,
    # 3 x 2 for the checks and who starts them, 13 stacks of a model that scores batches.
    assert models_that_fit(names.stages) == (1000 - 5 - 7 - 6 - 3 - 6) // 13 == 74
