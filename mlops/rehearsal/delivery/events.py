"""The events that the delivery lives on, in the form that AWS documents.

Source: SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge":
the keys of its samples, with this platform's values. A field that nobody here reads is left out
only where the sample itself marks it as optional.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

SAGEMAKER: Final = "aws.sagemaker"


def package_changed(package: Mapping[str, Any]) -> dict[str, Any]:
    """Somebody decided about a model package, as DescribeModelPackage shows it now."""
    arn = package["ModelPackageArn"]
    detail = {
        "ModelPackageGroupName": package["ModelPackageGroupName"],
        "ModelPackageVersion": package["ModelPackageVersion"],
        "ModelPackageArn": arn,
        "CreationTime": int(package["CreationTime"].timestamp() * 1000),
        "ModelPackageStatus": package["ModelPackageStatus"],
        "ModelApprovalStatus": package["ModelApprovalStatus"],
        "Tags": {},
    }
    return _event("SageMaker Model Package State Change", arn, detail)


def endpoint_changed(
    arn: str, *, config: str, status: str, created: datetime, changed: datetime
) -> dict[str, Any]:
    """An endpoint reached a state; the service writes states in upper snake case here."""
    detail = {
        "EndpointName": arn.rpartition("/")[2],
        "EndpointArn": arn,
        "EndpointConfigName": config,
        "ProductionVariants": [{"DesiredWeight": 1.0, "DesiredInstanceCount": 1.0}],
        "EndpointStatus": status,
        "CreationTime": created.timestamp() * 1000,
        "LastModifiedTime": changed.timestamp() * 1000,
        "Tags": {},
    }
    return _event("SageMaker Endpoint State Change", arn, detail)


def alarm_changed(arn: str, *, state: str, before: str, at: datetime) -> dict[str, Any]:
    """A CloudWatch alarm went from one state to another.

    Source: CloudWatch User Guide, "Alarm events and EventBridge".
    """
    moment = f"{at:%Y-%m-%dT%H:%M:%S}.000+0000"
    detail = {
        "alarmName": arn.rpartition(":")[2],
        "state": {"value": state, "reason": "Threshold Crossed", "timestamp": moment},
        "previousState": {"value": before, "reason": "Threshold Crossed", "timestamp": moment},
        "configuration": {"metrics": []},
    }
    event = _event("CloudWatch Alarm State Change", arn, detail)
    return {**event, "source": "aws.cloudwatch"}


def put(entry: Mapping[str, Any], *, account: str, region: str, detail: Any) -> dict[str, Any]:
    """What a bus makes of an entry of PutEvents."""
    return {
        **_envelope(account, region),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "resources": list(entry.get("Resources", [])),
        "detail": detail,
    }


def _event(kind: str, arn: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    _, _, _, region, account, _ = arn.split(":", 5)
    named = {"detail-type": kind, "source": SAGEMAKER, "resources": [arn], "detail": detail}
    return {**_envelope(account, region), **named}


def _envelope(account: str, region: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "account": account,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
    }
