"""What SageMaker and CloudWatch do on AWS when CloudFormation deploys an endpoint.

The emulator gets no endpoint (`projection.LEFT_OUT`), and evaluates no alarm before there is data.
So the tests do both in the names that the templates give: the functions under test see the same
answers.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops.rollout.release import RELEASE_TAG

_PAUSE_SECONDS: Final = 0.2
_INSTANCE: Final = {"InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}


def expectation(template: Mapping[str, Any]) -> dict[str, Any]:
    """What the check of a release asks for, as its template says."""
    (check,) = (
        found["Properties"]
        for found in template["Resources"].values()
        if found["Type"] == "Custom::ReleaseCheck"
    )
    return dict(check)


def host(sagemaker: Any, expected: Mapping[str, Any]) -> None:
    """Make the endpoint of a first release, as if CloudFormation had created it."""
    name = f"{expected['EndpointName']}-{expected['Release']}"
    account = expected["ModelPackage"].partition(":")[0]
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=f"arn:aws:iam::{account}:role/model",
        Containers=[
            {"ModelPackageName": f"arn:aws:sagemaker:eu-west-1:{expected['ModelPackage']}"}
        ],
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": name, **_INSTANCE}],
        Tags=[{"Key": RELEASE_TAG, "Value": expected["Release"]}],
    )
    sagemaker.create_endpoint(EndpointName=expected["EndpointName"], EndpointConfigName=name)


@contextlib.contextmanager
def quiet_alarms(cloudwatch: Any) -> Iterator[None]:
    """Find every new alarm in order, as CloudWatch does within minutes when data are missing."""
    over = threading.Event()
    watching = threading.Thread(target=_quieten, args=(cloudwatch, over))
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _quieten(cloudwatch: Any, over: threading.Event) -> None:
    while not over.wait(_PAUSE_SECONDS):
        found = cloudwatch.describe_alarms(StateValue="INSUFFICIENT_DATA")["MetricAlarms"]
        for alarm in found:
            cloudwatch.set_alarm_state(
                AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="no data: not breaching"
            )
