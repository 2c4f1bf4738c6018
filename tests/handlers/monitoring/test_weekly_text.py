"""A mail that says first what needs somebody, and then everything."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mlops_handlers.monitoring.week import ReleasedVersion, Week
from mlops_handlers.monitoring.weekly_text import message, subject

Weeks = Callable[..., Week]
LIMIT = {"metric": "accuracy", "comparison": "at_least", "threshold": 0.8}


def test_a_good_week_is_said_to_be_one(a_week: Weeks) -> None:
    week = a_week()

    assert subject(week) == (
        "prod: churn, week to 2026-03-01: nothing to look at (science@example.com)"
    )
    assert "Nothing to look at." in message(week)


def test_the_whole_message_reads_like_this(a_week: Weeks) -> None:
    week = a_week(
        requests=[1_000.0] * 6 + [4_080.0],
        server_errors=[403.2] + [0.0] * 6,
        p50=[20_000.0] * 7,
        p99=[150_000.0] * 6 + [250_000.0],
        runs=[1.0] * 6,
        checks={"inputs": [1.0]},
        indices={"age": [0.3], "income": [0.05]},
        fields=("age", "income"),
        performance={"accuracy": [0.79], "brier": [0.15]},
        metrics=("accuracy", "brier"),
        limits=(LIMIT,),
        labelled=[0.5],
        releases=(ReleasedVersion(at=datetime(2026, 2, 25, 10, 30, tzinfo=UTC), version=4),),
    )

    assert message(week) == (
        "churn in prod, 2026-02-23 to 2026-03-01, UTC\n"
        "For science@example.com.\n"
        "\n"
        "To look at\n"
        "- 4.00% of the requests ended in 5xx\n"
        "- the p99 missed its objective on 1 day\n"
        "- the check inputs alarmed on 1 day\n"
        "- accuracy is 0.79, not at least 0.8\n"
        "- the drift job ran 6 times in 7 days\n"
        "\n"
        "Traffic\n"
        "- requests: 10,080, 1 per minute; the contract expects 10\n"
        "- busiest day: 2026-03-01 with 4,080\n"
        "- 5xx: 4.00%; alarm over 2.00%\n"
        "- 4xx: 0.00%\n"
        "\n"
        "Latency of the model\n"
        "- p50 of a usual day: 20 ms\n"
        "- p99 of the worst day, 2026-03-01: 250 ms; the objective is 200 ms\n"
        "\n"
        "Drift\n"
        "- windows looked at: 6\n"
        "- checks that alarmed: inputs on 1 day\n"
        "- population stability index of age: 0.3 at most\n"
        "- population stability index of income: 0.05 at most\n"
        "\n"
        "Quality\n"
        "- answers with a label in the last window: 50.0%\n"
        "- accuracy: 0.79; the limit is at least 0.8\n"
        "- brier: 0.15\n"
        "\n"
        "Releases\n"
        "- 2026-02-25 10:30: deployment of version 4\n"
        "\n"
        "Cost\n"
        "- instance-hours: 336 of ml.m5.large; no price is looked up, and an hour without a "
        "request counts the smallest fleet\n"
        "\n"
        "Dashboard in CloudWatch: acme-prod-model-churn. "
        "How to read this: docs/operate/dashboards.md\n"
    )
    assert "5 to look at" in subject(week)


def test_silence_is_something_to_look_at(a_week: Weeks) -> None:
    week = a_week(requests=[], p50=[], p99=[])

    assert "- there was no request" in message(week)
    assert "p50 of a usual day: not measured" in message(week)


def test_a_model_without_a_drift_job_misses_no_run_of_it(a_week: Weeks) -> None:
    week = a_week(runs=[], watched=False)

    assert "the contract asks for no drift job" in message(week)
    assert "Nothing to look at." in message(week)


def test_batches_are_told_of_a_model_that_scores_them(a_week: Weeks) -> None:
    week = a_week(
        batch_pipeline="acme-prod-churn-batch",
        batches={"Runs": [1.0] * 7, "Files": [2.0, 3.0], "EmptyFiles": [0.0, 1.0]},
    )

    assert ("\n\nBatches\n- runs: 7\n- files taken: 5\n- rows scored: not measured\n\n") in message(
        week
    )
    assert "To look at\n- 1 of the files for batches had no row\n" in message(week)


def test_a_model_without_batches_has_no_word_about_them(a_week: Weeks) -> None:
    assert "Batches" not in message(a_week())


def test_without_labels_quality_is_not_measured(a_week: Weeks) -> None:
    assert "- not measured: no window had enough labels" in message(a_week())


def test_a_version_that_no_registry_knows_is_told_as_such(a_week: Weeks) -> None:
    at = datetime(2026, 2, 25, tzinfo=UTC)
    week = a_week(releases=(ReleasedVersion(at=at, version=None),))

    assert "deployment of version of something unregistered" in message(week)


@pytest.mark.parametrize("owner", ["ü" * 200, "science\u2026"])
def test_a_subject_is_one_that_sns_takes(a_week: Weeks, owner: str) -> None:
    line = subject(a_week(owner=owner))

    assert len(line) <= 100
    assert line.isascii()
