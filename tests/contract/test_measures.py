"""What gates may name where people are divided into groups."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem, load_platform

GATES = """\
  - {metric: roc_auc, comparison: at_least, threshold: 0.9}
  - {metric: equal_opportunity_gap_weather, comparison: at_most, threshold: 0.05}
  - {metric: demographic_parity_gap_rush, comparison: at_most, threshold: 0.2, max_regression: 0.02}
"""


REPLACED = {
    "type: regression": "type: binary-classification",
    "  target: demand\n": """\
  target: demand
  groups:
    - {field: weather, names: {Clear: dry, Rain: wet}, minimum_rows: 30}
    - {field: rush, names: {'false': calm hours, 'true': rush hours}}
""",
    "  output:\n": "    - {name: rush, type: boolean, nullable: true}\n  output:\n",
}


@pytest.fixture
def classifier(repository: Path) -> Path:
    """The tiny platform's model as a classifier whose requests have two kinds of groups."""
    path = repository / "model_code/bike_demand/model.yaml"
    text = path.read_text()
    before, _, after = text.partition("gates:\n")
    text = f"{before}gates:\n{GATES}registry:{after.partition('registry:')[2]}"
    for old, new in REPLACED.items():
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


def test_the_gaps_of_declared_groups_may_be_gated(classifier: Path, repository: Path) -> None:
    model = load_platform(repository).model("bike-demand")

    assert model.group_metrics == (
        "demographic_parity_gap_weather",
        "equal_opportunity_gap_weather",
        "demographic_parity_gap_rush",
        "equal_opportunity_gap_rush",
    )
    assert [group.minimum_rows for group in model.problem.groups] == [30, 100]
    assert {gate.metric for gate in model.gates} <= set(model.metrics)


@pytest.mark.parametrize("threshold", ["0", "1"])
def test_a_threshold_at_either_end_of_a_metrics_range_is_taken(
    classifier: Path, problems: Callable[[], list[Problem]], threshold: str
) -> None:
    gate = f"at_most, threshold: {threshold}}}"
    classifier.write_text(classifier.read_text().replace("at_most, threshold: 0.05}", gate))

    assert problems() == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gap_weather", "gap_hour", "no such metric"),
        ("gap_weather, comparison: at_most", "gap_weather, comparison: at_least", "is low"),
        ("threshold: 0.05", "threshold: 5", "never has this value"),
    ],
)
def test_a_gate_on_a_gap_keeps_the_rules_of_every_gate(
    classifier: Path,
    problems: Callable[[], list[Problem]],
    old: str,
    new: str,
    message: str,
) -> None:
    classifier.write_text(classifier.read_text().replace(old, new))

    (problem,) = problems()
    assert problem.key.startswith("gates[1]")
    assert message in problem.problem
