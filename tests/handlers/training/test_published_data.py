"""The newest data is the newest that was published, whatever else lies beside it."""

import logging
from datetime import date, timedelta
from typing import Any

import pytest

from mlops_handlers.clients import client
from mlops_handlers.training.published_data import (
    PublishedData,
    PublishedDataError,
    newest_published,
)


def newest() -> PublishedData | None:
    return newest_published(client("s3"), bucket="acme-dev-artifacts", prefix="data/churn/")


def test_the_newest_of_many_pages_is_found_with_its_whole_hash(published: Any) -> None:
    for age in (9, 1, 5):
        published.put(f"{age}" * 64, age=timedelta(days=age))

    assert newest() == PublishedData(
        uri=f"s3://acme-dev-artifacts/data/churn/{'1' * 16}/rows.csv.gz",
        version="1" * 64,
        training_end=None,
    )


def test_what_the_publisher_knew_of_its_end_comes_with_it(published: Any) -> None:
    published.put("a" * 64, training_end="2026-10-01")

    found = newest()

    assert found is not None
    assert found.training_end == date(2026, 10, 1)


def test_nothing_published_is_nothing_found(published: Any) -> None:
    assert newest() is None


def test_only_what_lies_below_the_prefix_is_asked_for(aws: Any, published: Any) -> None:
    published.put("a" * 64)

    newest()

    (request,) = aws.asked("ListObjectsV2")
    assert (request["Bucket"], request["Prefix"]) == ("acme-dev-artifacts", "data/churn/")


@pytest.mark.parametrize(
    "metadata", [{}, {"sha256": "b" * 64}], ids=["without a hash", "with another content's hash"]
)
def test_a_file_that_was_copied_there_is_passed_over_and_told(
    published: Any, metadata: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    published.put("a" * 64, age=timedelta(days=3))
    published.put("c" * 64, age=timedelta(days=1), metadata=metadata)

    with caplog.at_level(logging.WARNING):
        found = newest()

    assert found is not None
    assert found.version == "a" * 64
    assert f"data/churn/{'c' * 16}/rows.csv.gz: it was not published" in caplog.text


def test_an_end_that_is_no_date_is_refused_with_the_remedy(published: Any) -> None:
    published.put("a" * 64, training_end="october")

    with pytest.raises(
        PublishedDataError, match=r"'october'; allowed: YYYY-MM-DD; remedy: publish"
    ):
        newest()
