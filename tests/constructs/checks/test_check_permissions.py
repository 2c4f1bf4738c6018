"""The runner asks, looks and reports; it changes nothing, and it stays in its stage."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.checks.check_permissions import runner_permissions
from mlops_constructs.permission import Permission
from mlops_constructs.site import Site

CALLING = ("sagemaker:InvokeEndpoint", "sts:AssumeRole")
REPORTING = (
    "codebuild:BatchPutTestCases",
    "codebuild:CreateReport",
    "codebuild:UpdateReport",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:AbortMultipartUpload",
    "s3:PutObject",
)


class Code:
    """An asset's place."""

    s3_bucket_name = "assets"
    s3_object_key = "checks.zip"


@pytest.fixture
def permissions(site_of: Callable[..., Site]) -> dict[str, Permission]:
    code: Any = Code()
    found = runner_permissions(
        site_of("prod"), code=code, key_arn="arn:key", report_group="arn:group"
    )
    return {permission.sid: permission for permission in found}


def test_the_runner_reads_calls_and_reports_and_changes_nothing(
    permissions: dict[str, Permission],
) -> None:
    actions = {action for one in permissions.values() for action in one.actions}

    changing = {
        action
        for action in actions - {*CALLING, *REPORTING}
        if not action.partition(":")[2].startswith(("Describe", "Get", "List"))
    }
    assert changing == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_runner_reaches_this_stage_alone(permissions: dict[str, Permission]) -> None:
    assert permissions["AskTheEndpoints"].resources == [
        "arn:aws:sagemaker:eu-west-1:400000000000:endpoint/acme-prod-*"
    ]
    assert permissions["ActAsAnApplication"].resources == [
        "arn:aws:iam::400000000000:role/acme-prod-*-caller"
    ]
    assert permissions["WriteOutputs"].resources == [
        "arn:aws:s3:::acme-prod-artifacts-400000000000-eu-west-1/checks/*"
    ]
    assert permissions["ReadTheCode"].resources == ["arn:aws:s3:::assets/checks.zip"]


def test_every_pattern_says_why(permissions: dict[str, Permission]) -> None:
    assert [sid for sid, one in permissions.items() if one.patterns and not one.because] == []
