"""Credentials of another account, for exactly what one role there allows."""

from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlops.contract import StageSpec
from mlops.release.errors import ReleaseError
from mlops.release.status.live import ClientFactory, stage_clients

_SESSION: Final = "release-automation"


def assumed_clients(role: str, *, region: str) -> ClientFactory:
    """Clients with the credentials of a role, for an hour.

    Raises:
        ReleaseError: the role cannot be assumed.
    """
    try:
        sts = boto3.client("sts", region_name=region)
        answer = sts.assume_role(RoleArn=role, RoleSessionName=_SESSION)
    except ClientError as error:
        details = error.response["Error"]
        raise ReleaseError(
            f"{role}: cannot be assumed: {details['Message']} ({details['Code']}); remedy: deploy "
            "the stage that holds the role, and run this as the release automation"
        ) from error
    except BotoCoreError as error:
        raise ReleaseError(f"{role}: cannot be assumed: {error}") from error
    return _clients(answer["Credentials"], region)


def profile_clients(stage: StageSpec, *, profile: str) -> ClientFactory:
    """Clients with a person's own credentials of a stage's account.

    Raises:
        ReleaseError: the profile does not work, or is another account's.
    """
    try:
        clients = stage_clients(stage, profile=profile)
        account = clients("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise ReleaseError(f"profile {profile}: {error}") from error
    if account != stage.account:
        raise ReleaseError(
            f"profile {profile}: is of account {account}; allowed: {stage.account}, the account of "
            f"{stage.name}; remedy: name another one with --profile {stage.name}=<profile>"
        )
    return clients


def _clients(credentials: dict[str, Any], region: str) -> ClientFactory:
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
    )

    def make(service: str) -> Any:
        # boto3's overloads know each service by its literal name.
        return session.client(service)  # type: ignore[call-overload]  # any service

    return make
