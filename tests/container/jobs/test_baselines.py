from __future__ import annotations

from mlops.container.jobs.baselines import ALWAYS, means

TRAIN = [
    {"hour": 1, "rentals": 2},
    {"hour": 1, "rentals": 4},
    {"hour": 2, "rentals": 9},
]


def test_rows_are_answered_with_the_mean_of_the_training_rows_that_look_alike():
    found = means(TRAIN, [{"hour": 2}, {"hour": 1}], lambda row: row["hour"], "rentals")

    assert found == [9.0, 3.0]


def test_what_was_never_seen_is_answered_with_the_mean_of_all():
    assert means(TRAIN, [{"hour": 7}], lambda row: row["hour"], "rentals") == [5.0]
    assert means(TRAIN, [{"hour": 1}], ALWAYS, "rentals") == [5.0]


def test_a_label_may_be_a_truth():
    train = [{"hour": 1, "busy": True}, {"hour": 1, "busy": False}]

    assert means(train, [{"hour": 1}], ALWAYS, "busy") == [0.5]
