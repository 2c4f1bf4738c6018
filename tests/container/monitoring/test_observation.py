import json
from collections import Counter
from collections.abc import Callable

import pytest

from mlops.container.monitoring import (
    Baseline,
    Groups,
    Outcome,
    Truth,
    observe,
    read_labels,
)

Line = Callable[..., bytes]
OUTCOME = Outcome(problem="regression", prediction="demand")


def _label(key: str, value: float) -> bytes:
    content = {
        "groundTruthData": {"data": str(value), "encoding": "CSV"},
        "eventMetadata": {"eventId": key},
    }
    return json.dumps(content).encode()


@pytest.fixture
def truth(baseline: Baseline) -> Truth:
    lines = [_label(f"e{n}", 80.0 + n) for n in range(4)]
    return Truth(
        labels=read_labels(lines, OUTCOME, Counter()),
        outcome=OUTCOME,
        groups=Groups.of(baseline.schema, ["weekday"]),
    )


def test_one_pass_counts_scores_and_says_what_it_lost(
    baseline: Baseline, capture: Line, truth: Truth
) -> None:
    lines = [*(capture(event=f"e{n}") for n in range(3)), capture(event="e0"), b"{\n"]
    counts = Counter({"compressed file cut off": 1})

    found = observe(lines, baseline, counts=counts, truth=truth, batch_rows=2)

    assert found.summary.requests == 3
    assert found.summary.reasons == {
        "compressed file cut off": 1, "duplicate": 1, "line is not JSON": 1,
    }  # fmt: skip
    assert found.scored is not None
    assert found.scored.truth.tolist() == [80, 81, 82]
    assert found.scored.groups["weekday"] == ["Mon"] * 3
    assert found.scored.coverage.unmatched == 1


def test_without_labels_nothing_is_scored(baseline: Baseline, capture: Line) -> None:
    found = observe([capture()], baseline)

    assert found.scored is None
    assert found.predicted == {}


def test_a_baseline_without_predictions_leaves_the_answers_uncounted(
    baseline: Baseline, capture: Line
) -> None:
    inputs = {n: r for n, r in baseline.references.items() if n != "demand"}
    bare = Baseline(schema=baseline.schema, references=inputs)

    found = observe([capture()], bare)

    assert set(found.summary.fields) == set(inputs)
    assert found.summary.answered_rows == 1


def test_predictions_are_counted_by_group_over_all_batches(
    baseline: Baseline, capture: Line
) -> None:
    outcome = Outcome(problem="binary-classification", prediction="demand")
    truth = Truth(
        labels=read_labels([], outcome, Counter()),
        outcome=outcome,
        groups=Groups.of(baseline.schema, ["weekday"]),
    )
    lines = [capture(event=f"e{n}", answer={"demand": n % 2}) for n in range(5)]

    found = observe(lines, baseline, truth=truth, batch_rows=2)

    assert found.predicted["weekday", "Mon"].inside.counts.tolist() == [2, 3]
