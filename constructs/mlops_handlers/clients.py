"""Clients of AWS services, made at first use and once for the life of a function."""

from functools import cache
from typing import Any

import boto3


@cache
def client(service: str, region: str | None = None) -> Any:
    """The client of a service, here or in another region."""
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]  # the stubs know literal names only
