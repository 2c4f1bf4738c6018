"""The exit code of a command that could not ask AWS, whichever way it found that out."""

import sys
from typing import Final

import click

NO_ACCESS: Final = 3
_UNASKED: Final = (
    "ConfigNotFound",
    "ConnectionError",
    "CredentialRetrievalError",
    "HTTPClientError",
    "InvalidConfigError",
    "NoAuthTokenError",
    "NoCredentialsError",
    "NoRegionError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "SSOError",
    "TokenRetrievalError",
)
"""Botocore's errors that come before a service has answered anything."""
_REFUSED: Final = (
    "AccessDenied",
    "AuthFailure",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignature",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "Unauthorized",
    "UnrecognizedClient",
)
"""Beginnings of services' error codes that are about who asks, not about what is asked."""


class NoAccessError(click.ClickException):
    """AWS could not be asked: nothing is known about what it would have answered."""

    exit_code = NO_ACCESS


def is_no_access(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is that AWS could not be asked."""
    while error is not None:
        if isinstance(error, NoAccessError) or _is_botocores(error):
            return True
        error = error.__cause__
    return False


def _is_botocores(error: BaseException) -> bool:
    # Who never asked AWS does not wait for botocore's import.
    exceptions = sys.modules.get("botocore.exceptions")
    if exceptions is None:
        return False
    if isinstance(error, exceptions.ClientError):
        return str(error.response["Error"].get("Code", "")).startswith(_REFUSED)
    return isinstance(error, tuple(getattr(exceptions, name) for name in _UNASKED))
