"""The events have the keys of AWS's documented samples."""

from datetime import UTC, datetime

from mlops.rehearsal.delivery import events

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:222222222222"
ENVELOPE = {"version", "id", "detail-type", "source", "account", "time", "region", "resources"}


def test_a_decision_in_the_registry_names_the_version_and_its_state() -> None:
    event = events.package_changed(
        {
            "ModelPackageGroupName": "acme-churn",
            "ModelPackageVersion": 3,
            "ModelPackageArn": f"{ARN}:model-package/acme-churn/3",
            "CreationTime": WHEN,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "Approved",
        }
    )

    assert event.keys() == ENVELOPE | {"detail"}
    assert (event["account"], event["region"]) == ("222222222222", "eu-west-1")
    assert event["detail"]["ModelApprovalStatus"] == "Approved"
    assert event["detail"]["ModelPackageGroupName"] == "acme-churn"


def test_an_endpoint_tells_its_state_in_upper_snake_case() -> None:
    event = events.endpoint_changed(
        f"{ARN}:endpoint/acme-prod-churn",
        config="config",
        status="IN_SERVICE",
        created=WHEN,
        changed=WHEN,
    )

    assert event["detail-type"] == "SageMaker Endpoint State Change"
    assert event["detail"]["EndpointName"] == "acme-prod-churn"
    assert event["detail"]["EndpointStatus"] == "IN_SERVICE"


def test_an_entry_that_is_put_becomes_an_event_of_its_account() -> None:
    entry = {"Source": "mlops.releases", "DetailType": "Mlops Release Rolled Back", "Detail": "{}"}

    event = events.put(entry, account="333333333333", region="eu-west-1", detail={"a": 1})

    assert event.keys() == ENVELOPE | {"detail"}
    assert (event["source"], event["account"]) == ("mlops.releases", "333333333333")
    assert event["detail"] == {"a": 1}
