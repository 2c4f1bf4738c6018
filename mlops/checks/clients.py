"""Clients of AWS services: patient with the control plane, never with an endpoint."""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config

_PATIENT: Final = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
)
_RUNTIME: Final = "sagemaker-runtime"
_LONGEST_ANSWER_SECONDS: Final = 60.0


class Clients:
    """Clients with one set of credentials; each is made once, and threads share it."""

    def __init__(self, session: Callable[[], boto3.Session]) -> None:
        self._session = cache(session)
        self._made: dict[str, Any] = {}
        # A session makes one client at a time; the clients themselves are safe.
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        """The client of a service."""
        if service == _RUNTIME:
            return self.invoking(seconds=_LONGEST_ANSWER_SECONDS)
        return self._client(service, service, _PATIENT)

    def invoking(self, *, seconds: float, connections: int = 10) -> Any:
        """A client that sends each request once: a retry would hide the error that it follows."""
        config = Config(
            connect_timeout=min(10.0, seconds),
            read_timeout=seconds,
            retries={"total_max_attempts": 1},
            max_pool_connections=connections,
        )
        return self._client(f"{_RUNTIME} {seconds} {connections}", _RUNTIME, config)

    def as_role(self, role: str, *, region: str) -> "Clients":
        """Clients with the credentials of a role, which is assumed when the first is made.

        The credentials last an hour.
        """

        def assumed() -> boto3.Session:
            answer = self("sts").assume_role(RoleArn=role, RoleSessionName="mlops-check")
            given = answer["Credentials"]
            return boto3.Session(
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
                region_name=region,
            )

        return Clients(assumed)

    def _client(self, name: str, service: str, config: Config) -> Any:
        with self._lock:
            if name not in self._made:
                # boto3's overloads know each service by its literal name.
                self._made[name] = self._session().client(service, config=config)  # type: ignore[call-overload]  # any service
            return self._made[name]


def clients_in(region: str, *, profile: str | None = None) -> Clients:
    """Clients with the environment's credentials, or a profile's."""
    return Clients(lambda: boto3.Session(profile_name=profile, region_name=region))
