"""What SageMaker and CloudWatch do on AWS when CloudFormation deploys an endpoint.

The emulator gets no endpoint (`projection.LEFT_OUT`), and evaluates no alarm before there is data.
So the tests do both in the names that the templates give: the functions under test see the same
answers.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlops.rollout.content import VARIABLE
from mlops.rollout.release import ENDPOINT_TAG, RELEASE_TAG

VARIANT: Final = "AllTraffic"
_PAUSE_SECONDS: Final = 0.2
_OLD_REQUESTS: Final = 2700
_NEW_REQUESTS: Final = 300
_USUAL: Final = 50_000
"""Microseconds."""
_SLOW: Final = 900_000
_INSTANCE: Final = {"InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}


def expectation(template: Mapping[str, Any]) -> dict[str, Any]:
    """What the check of a release asks for, as its template says."""
    (check,) = (
        found["Properties"]
        for found in template["Resources"].values()
        if found["Type"] == "Custom::ReleaseCheck"
    )
    return dict(check)


def register(sagemaker: Any, group: str, *statuses: str) -> None:
    """A new group with a version of each status."""
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    for number, status in enumerate(statuses, start=1):
        sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [{"Image": "image:tag", "ModelDataUrl": f"s3://bucket/{number}"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )


def host(sagemaker: Any, expected: Mapping[str, Any]) -> None:
    """Make the endpoint of a first release, as if CloudFormation had created it."""
    config = _config(sagemaker, expected)
    sagemaker.create_endpoint(EndpointName=expected["EndpointName"], EndpointConfigName=config)


def roll_back(sagemaker: Any, cloudwatch: Any, expected: Mapping[str, Any]) -> None:
    """Try another release of the endpoint: it answers requests too slowly, and is taken away.

    The endpoint is left as it was, and is InService, as after SageMaker's own rollback.
    """
    endpoint = {"EndpointName": expected["EndpointName"], "VariantName": VARIANT}
    fleet = endpoint | {"EndpointConfigName": _config(sagemaker, expected)}
    soon = datetime.now(UTC) + timedelta(minutes=1)
    cloudwatch.put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": metric,
                "Dimensions": [{"Name": key, "Value": value} for key, value in of.items()],
                "Timestamp": soon,
                # Of a set nobody knows a percentile: the emulator, which tells no dimensions
                # apart, leaves the latency alarms of both releases alone.
                "StatisticValues": {
                    "SampleCount": _OLD_REQUESTS + _NEW_REQUESTS,
                    "Sum": total,
                    "Minimum": 0,
                    "Maximum": total,
                },
            }
            for metric, of, total in (
                ("Invocations", endpoint, _OLD_REQUESTS + _NEW_REQUESTS),
                ("Invocations", fleet, _NEW_REQUESTS),
                ("ModelLatency", endpoint, _OLD_REQUESTS * _USUAL + _NEW_REQUESTS * _SLOW),
                ("ModelLatency", fleet, _NEW_REQUESTS * _SLOW),
            )
        ],
    )
    (alarm,) = (name for name in expected["AlarmNames"] if "-latency-" in name)
    time.sleep(1)  # the emulator's history counts whole seconds; the alarm is after the config
    for state in ("ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="by the test")


def _config(sagemaker: Any, expected: Mapping[str, Any]) -> str:
    """An endpoint config of a release with its model, and its name."""
    name = f"{expected['EndpointName']}-{expected['Release']}"
    account = expected["ModelPackage"].partition(":")[0]
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=f"arn:aws:iam::{account}:role/model",
        Containers=[
            {
                "ModelPackageName": f"arn:aws:sagemaker:eu-west-1:{expected['ModelPackage']}",
                "Environment": {VARIABLE: expected["Content"]},
            }
        ],
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{"VariantName": VARIANT, "ModelName": name, **_INSTANCE}],
        Tags=[
            {"Key": RELEASE_TAG, "Value": expected["Release"]},
            {"Key": ENDPOINT_TAG, "Value": expected["EndpointName"]},
        ],
    )
    return name


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
