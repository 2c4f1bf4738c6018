"""Clients of AWS services, made at first use and once for the life of a function."""

from functools import cache
from typing import Any

import boto3


@cache
def client(service: str) -> Any:
    """The client of a service."""
    return boto3.client(service)  # type: ignore[call-overload]  # the stubs know literal names only
