import math
from typing import Any

from mlops.container.monitoring import Labels, Outcome
from mlops.container.monitoring.capture import Record
from mlops.container.monitoring.truth import Coverage, Join

NAN = math.nan
OUTCOME = Outcome(problem="regression", prediction="demand", low="low")


def _record(key: str, demands: list[Any], weekday: Any = "Mon", event: str = "") -> Record:
    return Record(
        event=event or key,
        key=key,
        time=None,
        inputs=[{"weekday": weekday}] * len(demands),
        outputs=[{"demand": demand, "low": 1} for demand in demands],
    )


def _join(labels: dict[str, tuple[float, ...]], *records: Record) -> Any:
    join = Join(Labels(by_key=labels), OUTCOME, ["weekday"])
    join.add(records[:1])
    join.add(records[1:])
    return join.scored()


def test_rows_meet_their_labels_by_key_and_order() -> None:
    scored = _join({"a": (1.0, 2.0), "b": (3.0,)}, _record("a", [10, 20]), _record("b", [30], None))

    assert scored.truth.tolist() == [1, 2, 3]
    assert scored.prediction.tolist() == [10, 20, 30]
    assert scored.low.tolist() == [1, 1, 1]
    assert all(map(math.isnan, scored.high))
    assert scored.groups == {"weekday": ["Mon", "Mon", None]}
    assert scored.requests[0] == scored.requests[1] != scored.requests[2]


def test_coverage_tells_what_is_not_labelled_and_why() -> None:
    labels = {"a": (1.0, NAN), "b": (3.0,), "late": (9.0,), "c": (1.0, 2.0)}
    scored = _join(
        labels,
        _record("a", [10, 20]),
        _record("b", ["no number"]),
        _record("c", [1]),
        _record("d", [4, 4]),
        Record(event="e", key="e", time=None, inputs=[{}], outputs=None),
    )

    assert scored.truth.tolist() == [1]
    assert scored.coverage == Coverage(
        answered_rows=6, labelled_rows=1, misfits=1, unmatched=1, requests=5, matched=3
    )
    assert scored.coverage.share == 1 / 6


def test_two_requests_of_one_inference_id_stay_two_requests() -> None:
    scored = _join({"a": (1.0,)}, _record("a", [10], event="x"), _record("a", [20], event="y"))

    assert scored.prediction.tolist() == [10, 20]
    assert len(set(scored.requests.tolist())) == 2


def test_without_a_labelled_row_everything_is_empty() -> None:
    scored = _join({}, _record("a", [10]))

    assert len(scored.truth) == len(scored.requests) == 0
    assert Coverage(answered_rows=0, labelled_rows=0, misfits=0, unmatched=0).share == 0.0
