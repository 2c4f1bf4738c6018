import copy
from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import retention

Details = Callable[..., list[str]]
KEPT: dict[str, Any] = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
STACK: dict[str, Any] = {
    "Key": {"Type": "AWS::KMS::Key", **KEPT, "Properties": {}},
    "Alias": {
        "Type": "AWS::KMS::Alias",
        **KEPT,
        "Properties": {"TargetKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
    },
    "Logs": {"Type": "AWS::S3::Bucket", **KEPT, "Properties": {}},
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        **KEPT,
        "Properties": {
            "BucketEncryption": [{"KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}],
            "LoggingConfiguration": {"DestinationBucketName": {"Ref": "Logs"}},
        },
    },
    "Policy": {
        "Type": "AWS::S3::BucketPolicy",
        **KEPT,
        "Properties": {"Bucket": {"Ref": "Bucket"}},
    },
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"For": {"Ref": "Bucket"}}},
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "acme-training"}},
    "Statement": {
        "Type": "AWS::Events::EventBusPolicy",
        "Properties": {"EventBusName": {"Ref": "Bus"}, "StatementId": "acme-training-Report"},
    },
}


def changed(logical_id: str, **attributes: object) -> dict[str, Any]:
    template = {"Resources": copy.deepcopy(STACK)}
    template["Resources"][logical_id] |= attributes
    return template


@pytest.mark.parametrize("rule", retention.RULES, ids=lambda rule: rule.id)
def test_a_stack_that_keeps_its_data_usable_breaks_no_rule(rule: Any, details: Details) -> None:
    assert details(rule, changed("Role")) == []


def test_what_a_failed_creation_would_keep_is_found(details: Details) -> None:
    template = changed("Bucket", DeletionPolicy="Retain")

    assert details(retention.failed_creations_leave_nothing, template) == ["it is Retain"]


def test_a_config_that_a_rollback_takes_back_may_stay_for_its_report(details: Details) -> None:
    template = changed("Bucket", DeletionPolicy="Retain", Type="AWS::SageMaker::EndpointConfig")

    assert details(retention.failed_creations_leave_nothing, template) == []


@pytest.mark.parametrize(
    ("gone", "needs"),
    [("Key", "Bucket"), ("Logs", "Bucket"), ("Policy", "Bucket"), ("Alias", "Key")],
)
def test_a_retained_resource_without_what_it_needs_is_found(
    gone: str, needs: str, details: Details
) -> None:
    template = changed(gone, DeletionPolicy="Delete")

    assert details(retention.retained_resources_stay_usable, template) == [
        f"{needs} is retained and needs it"
    ]


def test_nothing_has_to_outlive_a_bucket_that_goes_with_its_stack(details: Details) -> None:
    template = changed("Bucket", DeletionPolicy="Delete")
    template["Resources"]["Policy"]["DeletionPolicy"] = "Delete"

    assert details(retention.retained_resources_stay_usable, template) == []


@pytest.mark.parametrize("name", ["Report", "acme-trainingReport", {"Ref": "Name"}])
def test_a_statement_that_is_not_named_after_its_bus_is_found(name: Any, details: Details) -> None:
    properties = {"EventBusName": {"Ref": "Bus"}, "StatementId": name}
    template = changed("Statement", Properties=properties)

    assert len(details(retention.bus_statements_are_the_buses_own, template)) == 1
