"""Finds the data that a model is trained on next: what `mlops data publish` put in place last."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

LOG: Final = logging.getLogger()
VERSION: Final = "sha256"
"""Metadata of a published object: the whole hash of its content; its key holds the beginning."""
TRAINING_END: Final = "training-end"
"""Metadata, if the publisher knew it: the first day whose rows are kept from training."""
_IN_KEY: Final = 16


class PublishedDataError(ValueError):
    """What was published says something that cannot be understood."""


@dataclass(frozen=True, kw_only=True)
class PublishedData:
    """One published file."""

    uri: str
    version: str
    training_end: date | None


def newest_published(s3: Any, *, bucket: str, prefix: str) -> PublishedData | None:
    """The newest file below the prefix that was published; None if nothing was.

    A file that somebody copied there by other means does not say whose content it is, so it is
    passed over.

    Raises:
        PublishedDataError: its metadata holds no date where one belongs.
    """
    for key in _newest_first(s3, bucket, prefix):
        metadata = s3.head_object(Bucket=bucket, Key=key)["Metadata"]
        version = metadata.get(VERSION, "")
        if version and _is_below(key, prefix=prefix, version=version):
            uri = f"s3://{bucket}/{key}"
            end = _training_end(metadata.get(TRAINING_END), uri)
            return PublishedData(uri=uri, version=version, training_end=end)
        LOG.warning("passed over s3://%s/%s: it was not published", bucket, key)
    return None


def _newest_first(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [
        (one["LastModified"], one["Key"]) for page in pages for one in page.get("Contents", [])
    ]
    return (key for _, key in sorted(found, reverse=True))


def _is_below(key: str, *, prefix: str, version: str) -> bool:
    return key.startswith(f"{prefix}{version[:_IN_KEY]}/")


def _training_end(written: str | None, uri: str) -> date | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise PublishedDataError(
            f"{uri}: {TRAINING_END} is {written!r}; allowed: YYYY-MM-DD; remedy: publish it again "
            "with --training-end"
        ) from error
