from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from mlops.contract import Platform
from mlops.release import Live, live_version, stage_clients

ENDPOINT = "mlops-prod-bike-demand"
ARN = "arn:aws:sagemaker:eu-west-1:{}:{}"
MOMENT = "2026-01-01T00:00:00Z"
PACKAGE = ARN.format("222222222222", "model-package/mlops-bike-demand/7")

Scene = Callable[..., Live]


@pytest.fixture
def prod(platform: Platform) -> Scene:
    """What prod's endpoint is found to run, by clients that answer as AWS would."""

    def found(
        *,
        account: str = "444444444444",
        package: str | None = PACKAGE,
        status: str = "InService",
        tags: dict[str, str] | None = None,
        refusal: tuple[str, str] | None = None,
    ) -> Live:
        session = boto3.Session(region_name="eu-west-1")
        sts, sagemaker = session.client("sts"), session.client("sagemaker")
        with Stubber(sts) as identity, Stubber(sagemaker) as calls:
            identity.add_response(
                "get_caller_identity", {"Account": account, "UserId": "u", "Arn": "a" * 20}, {}
            )
            _answer(calls, package, status, tags or {}, refusal)
            clients: dict[str, Any] = {"sts": sts, "sagemaker": sagemaker}
            stage = platform.stages.stage("prod")
            return live_version(clients.__getitem__, platform.names, stage, "bike-demand")

    return found


def _endpoint(status: str) -> dict[str, Any]:
    return {
        "EndpointName": ENDPOINT,
        "EndpointArn": ARN.format("444444444444", f"endpoint/{ENDPOINT}"),
        "EndpointConfigName": "c",
        "EndpointStatus": status,
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
    }


def _answer(
    calls: Stubber,
    package: str | None,
    status: str,
    tags: dict[str, str],
    refusal: tuple[str, str] | None,
) -> None:
    if refusal is not None:
        calls.add_client_error("describe_endpoint", *refusal)
        return
    config = ARN.format("444444444444", "endpoint-config/c")
    calls.add_response("describe_endpoint", _endpoint(status), {"EndpointName": ENDPOINT})
    calls.add_response(
        "describe_endpoint_config",
        {
            "EndpointConfigName": "c",
            "EndpointConfigArn": config,
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "m"}],
            "CreationTime": MOMENT,
        },
        {"EndpointConfigName": "c"},
    )
    container = {} if package is None else {"ModelPackageName": package}
    calls.add_response(
        "describe_model",
        {
            "ModelName": "m",
            "Containers": [container],
            "CreationTime": MOMENT,
            "ModelArn": ARN.format("444444444444", "model/mm"),
        },
        {"ModelName": "m"},
    )
    written = [{"Key": key, "Value": value} for key, value in tags.items()]
    calls.add_response("list_tags", {"Tags": written}, {"ResourceArn": config})


def test_the_version_is_that_of_the_package_behind_the_endpoint(prod: Scene) -> None:
    found = prod(tags={"team": "rides", "mlops:release": "0123456789ab"})

    assert found == Live(version=7, endpoint_status="InService", release="0123456789ab")
    assert found.is_served


def test_an_endpoint_in_motion_says_so(prod: Scene) -> None:
    assert prod(status="Updating").endpoint_status == "Updating"


@pytest.mark.parametrize(
    ("package", "said"),
    [
        (None, "runs a model without a package"),
        (
            PACKAGE.replace("222222222222", "555555555555"),
            "runs arn:aws:sagemaker:eu-west-1:555555555555:model-package/mlops-bike-demand/7",
        ),
        (
            PACKAGE.replace("mlops-bike", "my-bike"),
            "runs arn:aws:sagemaker:eu-west-1:222222222222:model-package/my-bike-demand/7",
        ),
    ],
)
def test_a_model_from_elsewhere_is_no_version_of_ours(
    prod: Scene, package: str | None, said: str
) -> None:
    found = prod(package=package)

    assert (found.version, found.unknown) == (None, said)


def test_no_endpoint_in_the_right_account_means_not_served(prod: Scene) -> None:
    found = prod(refusal=("ValidationException", 'Could not find endpoint "x".'))

    assert found == Live()
    assert not found.is_served


def test_no_endpoint_in_another_account_proves_nothing(prod: Scene) -> None:
    assert prod(account="222222222222").unknown == (
        "the credentials are of account 222222222222, not 444444444444"
    )


def test_a_refusal_is_told_and_not_raised(prod: Scene) -> None:
    found = prod(refusal=("AccessDeniedException", "not you"))

    assert found == Live(unknown="not you (AccessDeniedException)", was_asked=False)


def test_missing_credentials_are_told_and_not_raised(platform: Platform) -> None:
    def clients(_: str) -> Any:
        raise NoCredentialsError

    stage = platform.stages.stage("prod")

    found = live_version(clients, platform.names, stage, "bike-demand")

    assert found == Live(unknown="Unable to locate credentials", was_asked=False)


def test_clients_speak_to_the_stages_region(platform: Platform) -> None:
    clients = stage_clients(platform.stages.stage("prod"), profile=None)

    assert clients("sagemaker").meta.region_name == "eu-west-1"
