"""The trail records every access to the stage's data, and CloudTrail may do nothing else here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mlops.contract import Audit
from mlops_constructs.foundation.audit_trail import AuditTrail
from mlops_constructs.foundation.stage_buckets import StageBuckets
from mlops_constructs.foundation.stage_key import StageKey
from mlops_constructs.site import Site
from stacks.foundation_stack import FoundationStack

TRAIL = "AWS::CloudTrail::Trail"
ARN = "arn:aws:cloudtrail:eu-west-1:400000000000:trail/acme-prod-audit"
FOR_THE_TRAIL = {"ArnEquals": {"aws:SourceArn": ARN}}


@pytest.fixture(scope="module")
def prod(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    def build(stack: Any) -> None:
        site = site_of("prod")
        key = StageKey(stack, "Key", site=site).key
        buckets = StageBuckets(stack, "Buckets", site=site, key=key)
        AuditTrail(stack, "Audit", site=site, logs=buckets.logs, key=key)

    return render(build)


def of_cloudtrail(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        statement["Sid"]: statement
        for statement in document["Statement"]
        if statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    }


def bucket_statements(rendered: Any) -> dict[str, dict[str, Any]]:
    documents = [policy["PolicyDocument"] for policy in rendered.all("AWS::S3::BucketPolicy")]
    (found,) = [of_cloudtrail(document) for document in documents if of_cloudtrail(document)]
    return found


def test_it_records_reads_and_writes_of_both_buckets_and_no_management_events(prod: Any) -> None:
    trail = prod.only(TRAIL)

    (selector,) = trail["AdvancedEventSelectors"]
    assert {field["Field"]: field for field in selector["FieldSelectors"]} == {
        "eventCategory": {"Field": "eventCategory", "Equals": ["Data"]},
        "resources.type": {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        "resources.ARN": {
            "Field": "resources.ARN",
            "StartsWith": [
                "arn:aws:s3:::acme-prod-artifacts-400000000000-eu-west-1/",
                "arn:aws:s3:::acme-prod-captures-400000000000-eu-west-1/",
            ],
        },
    }
    assert "EventSelectors" not in trail


def test_what_it_wrote_is_encrypted_and_cannot_be_changed_unseen(prod: Any) -> None:
    trail = prod.only(TRAIL)

    assert trail["TrailName"] == "acme-prod-audit"
    assert trail["IsLogging"] is True
    assert trail["EnableLogFileValidation"] is True
    name, attribute = trail["KMSKeyId"]["Fn::GetAtt"]
    assert (prod.resources[name]["Type"], attribute) == ("AWS::KMS::Key", "Arn")


def test_cloudtrail_writes_this_trails_files_and_nothing_else(prod: Any) -> None:
    found = bucket_statements(prod)

    assert set(found) == {"TrailReadsTheAcl", "TrailWrites"}
    write = found["TrailWrites"]
    assert write["Action"] == "s3:PutObject"
    assert write["Resource"]["Fn::Join"][1][-1] == "/audit/AWSLogs/400000000000/*"
    assert write["Condition"] == FOR_THE_TRAIL | {
        "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}
    }
    read = found["TrailReadsTheAcl"]
    assert read["Action"] == "s3:GetBucketAcl"
    assert read["Condition"] == FOR_THE_TRAIL
    assert prod.only(TRAIL)["S3KeyPrefix"] == "audit"


def test_cloudtrail_encrypts_for_this_trail_alone(prod: Any) -> None:
    found = of_cloudtrail(prod.only("AWS::KMS::Key")["KeyPolicy"])

    encrypt, describe = found["TrailEncrypts"], found["TrailDescribesTheKey"]
    assert set(found) == {"TrailEncrypts", "TrailDescribesTheKey"}
    assert encrypt["Action"] == "kms:GenerateDataKey*"
    assert encrypt["Condition"] == FOR_THE_TRAIL | {
        "StringEquals": {"kms:EncryptionContext:aws:cloudtrail:arn": ARN}
    }
    assert describe["Action"] == "kms:DescribeKey"
    assert describe["Condition"] == FOR_THE_TRAIL


def test_the_bucket_admits_cloudtrail_before_the_trail_is_made(prod: Any) -> None:
    (needed,) = [
        id_
        for id_, resource in prod.resources.items()
        if resource["Type"] == "AWS::S3::BucketPolicy"
        and of_cloudtrail(resource["Properties"]["PolicyDocument"])
    ]

    assert needed in prod.resource(TRAIL)["DependsOn"]


@pytest.mark.parametrize("asked", [True, False])
def test_a_stage_has_a_trail_where_it_asks_for_one(
    cdk_context: dict[str, Any], site_of: Callable[..., Site], asked: bool
) -> None:
    import aws_cdk as cdk
    from aws_cdk import assertions

    site = site_of("prod")
    audited = site.stage.model_copy(update={"audit": Audit(data_events=True)})
    app = cdk.App(context=cdk_context, builtin_cloud_formation_validation=False)

    stack = FoundationStack(app, "Foundation", site=replace(site, stage=audited) if asked else site)

    assert len(assertions.Template.from_stack(stack).find_resources(TRAIL)) == int(asked)


def test_the_key_of_an_audited_stage_outlives_it_as_the_trails_files_do(
    render: Callable[..., Any], site_of: Callable[..., Site]
) -> None:
    site = site_of("test")
    audited = site.stage.model_copy(update={"audit": Audit(data_events=True)})
    kept = replace(site, stage=audited)

    rendered = render(lambda stack: StageKey(stack, "Key", site=kept))

    assert site.stage.removal_policy == "destroy"
    for type_ in ("AWS::KMS::Key", "AWS::KMS::Alias"):
        assert rendered.resource(type_)["DeletionPolicy"] == "RetainExceptOnCreate"
