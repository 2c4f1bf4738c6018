"""One mistake never hides another: what is wrong key by key and what is wrong together."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import Field

from mlops.contract import ContractError, Problem, load_platform, translation
from mlops.contract.partial import partial_spec
from mlops.contract.problems import UnreadableError
from mlops.contract.vocabulary import Spec

Changed = Callable[[str, str, str], list[Problem]]

# A mistake of one key in each file: an unknown key, a wrong value, and one that is missing.
# file, text to replace, replacement, key
MISTAKES = [
    ("model.yaml", "registry:\n", "registri: 1\nregistry:\n", "registri"),
    ("model.yaml", "  target: demand\n", "  target: demand\n  tarqet: x\n", "problem.tarqet"),
    ("model.yaml", "endpoint:\n", "endpoint:\n  teir: x\n", "endpoint.teir"),
    ("model.yaml", "endpoint:\n", "endpoint:\n  scaling: {on: 7}\n", "endpoint.scaling.on"),
    ("model.yaml", "{team: rides}", "{team: rides}\n  domain: MATHS", "registry.domain"),
    ("model.yaml", "description: Demand per hour\n", "", "description"),
    ("stages.yaml", "stages:\n", "stagez: 1\nstages:\n", "stagez"),
    ("stages.yaml", "trains: true", "trains: true\n    apprval: manual", "stages.dev.apprval"),
    ("stages.yaml", "trains: true", "trains: true\n    approval: nobody", "stages.dev.approval"),
    ("releases.yaml", "releases:", "relases: {}\nreleases:", "relases"),
]  # fmt: skip


def _rules() -> list[tuple[str, ...]]:
    """The failing case of every rule, from the table beside this file."""
    path = Path(__file__).with_name("test_guardrails.py")
    spec = importlib.util.spec_from_file_location("guardrail_cases", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases: list[tuple[str, ...]] = module.CASES
    return cases


@pytest.mark.parametrize("case", _rules(), ids=lambda case: f"{case[0]}: {case[3][:30]}")
def test_mistakes_of_single_keys_hide_nothing_that_a_rule_finds(
    changed: Changed, case: tuple[str, ...]
) -> None:
    _, file, old, new, key, message = case

    for mistake in MISTAKES:
        changed(*mistake[:3])
    found = changed(file, old, new)

    assert {problem.key for problem in found} >= {mistake[3] for mistake in MISTAKES}
    assert any(problem.key == key and message in problem.problem for problem in found)


LIMITS = "monitoring: {labels: null, limits: [{metric: wape, comparison: at_most, threshold: 1}]}\n"


def test_a_block_that_is_said_to_be_none_is_none_to_the_rules(changed: Changed) -> None:
    (found,) = changed("model.yaml", "problem:\n", f"{LIMITS}problem:\n")

    assert (found.key, found.problem[:6]) == ("monitoring", "limits")


@pytest.mark.parametrize("readable", [True, False])
def test_what_a_block_objects_to_is_told_whatever_can_be_read_of_it(
    changed: Changed, monkeypatch: pytest.MonkeyPatch, readable: bool
) -> None:
    """The parts of a file are judged again one by one; nothing may fall between them."""
    if not readable:
        monkeypatch.setattr(translation, "joint_errors", lambda _: ())

    (found,) = changed("model.yaml", "problem:\n", f"{LIMITS}problem:\n")

    assert "labels" in found.problem


def test_a_rule_of_a_block_is_asked_beside_an_unknown_key_of_it(changed: Changed) -> None:
    changed("model.yaml", "min: 0, max: 23", "min: 23, max: 0, mux: 1")

    found = changed("model.yaml", "version:", "version_id: abc\n  versoin: x\n  version:")

    assert [problem.key for problem in found] == [
        "data", "data.versoin", "schema.input[0]", "schema.input[0].mux",
    ]  # fmt: skip


def test_a_wrong_value_accuses_nothing_that_would_be_right_with_a_right_one(
    changed: Changed,
) -> None:
    changed("stages.yaml", "min_instances: 2", "min_instances: two")
    found = changed("model.yaml", "loss: squared", "loss: [squared]")

    assert {problem.key for problem in found} == {
        "stages.dev.capacity.standard.min_instances",
        "pipeline.steps.train.hyperparameters.loss",
    }


def test_stages_that_cannot_be_told_apart_accuse_no_model(changed: Changed) -> None:
    found = changed("stages.yaml", "  dev:", "  de-v:")

    assert [problem.key for problem in found] == ["stages.de-v"]


class _Inner(Spec):
    size: int = Field(ge=1)
    names: tuple[str, ...] = Field(default=(), strict=False)


class _Outer(Spec):
    first: _Inner
    others: dict[str, _Inner] | None = None
    perhaps: _Inner | None = None
    label: str = "plain"


def test_a_partial_spec_has_the_right_values_and_the_defaults_and_refuses_the_rest() -> None:
    data = {"first": {"names": ["a", 5]}, "others": {"x": {"size": 2}, "y": 7}}

    spec = partial_spec(
        _Outer, data, [("first", "size"), ("first", "names", 1), ("others", "y"), ("ghost",)]
    )

    assert spec is not None
    assert spec.label == "plain"
    assert spec.others is not None
    assert spec.others["x"].size == 2
    for unreadable in (
        lambda: spec.first.size, lambda: spec.first.names, lambda: spec.others["y"].names,
    ):  # fmt: skip
        with pytest.raises(UnreadableError):
            unreadable()
    with pytest.raises(AttributeError):
        _ = spec.first.ghost  # type: ignore[attr-defined]  # no field


def test_none_is_a_value_where_it_may_stand_and_unreadable_where_it_may_not() -> None:
    spec = partial_spec(_Outer, {"first": None, "perhaps": None}, [("label",)])

    assert spec is not None
    assert spec.perhaps is None
    with pytest.raises(UnreadableError):
        _ = spec.first.size


@pytest.mark.parametrize("data", [None, 5, [1]])
def test_a_file_that_is_no_block_has_no_part_that_can_be_judged(data: object) -> None:
    assert partial_spec(_Outer, data, [("first",)]) is None
    assert partial_spec(_Outer, {}, [()]) is None


def test_a_platform_with_a_mistake_never_leaves_the_room(repository: Path) -> None:
    contract = repository / "model_code/bike_demand/model.yaml"
    contract.write_text(contract.read_text().replace("owners:", "ownerz:"))

    with pytest.raises(ContractError):
        load_platform(repository)
