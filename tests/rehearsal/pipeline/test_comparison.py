from hypothesis import given
from hypothesis import strategies as st

from mlops.rehearsal.pipeline.comparison import compared, segments

EVALUATION = {
    "metrics": {"r2": {"value": 0.9, "low": 0.8, "high": 1.0}, "note": "fine"},
    "approved": {"version": 3, "metrics": {"r2": 0.8}},
    "baselines": {"hour_mean": {"r2": 0.5}},
    "held_out": {"metrics": {"r2": {"value": 0.85}}},
    "later": {"metrics": {"r2": {"value": 0.6}}},
    "segments": {"day": {"weekend": {"r2": 0.7}}},
}


def test_a_version_stands_beside_the_approved_one_the_baselines_and_what_is_only_reported() -> None:
    rows = [(row.label, dict(row.metrics)) for row in compared(EVALUATION)]

    assert rows == [
        ("this version", {"r2": 0.9}),
        ("approved version 3", {"r2": 0.8}),
        ("baseline: hour mean", {"r2": 0.5}),
        ("this version on all held-out data (never gated)", {"r2": 0.85}),
        ("this version on later data (never gated)", {"r2": 0.6}),
    ]


def test_without_an_approved_version_there_is_no_such_row() -> None:
    none = {**EVALUATION, "approved": {"version": 0, "metrics": {}}}

    assert "approved" not in " ".join(row.label for row in compared(none))


def test_segments_are_named_by_their_group() -> None:
    assert [row.label for row in segments(EVALUATION)] == ["day: weekend"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(EVALUATION)), _JSON))
def test_a_file_of_any_shape_is_shown_as_far_as_it_goes(evaluation: dict[str, object]) -> None:
    for row in [*compared(evaluation), *segments(evaluation)]:
        assert all(isinstance(value, float) for value in row.metrics.values())
