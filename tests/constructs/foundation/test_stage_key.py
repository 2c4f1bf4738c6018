"""The key rotates, and its policy lets in exactly who has to."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.foundation.stage_key import StageKey
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def key_of(render: Callable[..., Any], site_of: Callable[..., Site]) -> Callable[[str], Any]:
    return lambda stage: render(lambda stack: StageKey(stack, "Key", site=site_of(stage)))


def statements(rendered: Any) -> dict[str, Any]:
    policy = rendered.only("AWS::KMS::Key")["KeyPolicy"]
    return {statement.get("Sid", "Owner"): statement for statement in policy["Statement"]}


def test_the_key_rotates_under_the_stages_alias(key_of: Callable[[str], Any]) -> None:
    rendered = key_of("prod")

    assert rendered.only("AWS::KMS::Key")["EnableKeyRotation"] is True
    assert rendered.only("AWS::KMS::Alias")["AliasName"] == "alias/acme-prod"


def test_other_stages_decrypt_models_and_nothing_else(key_of: Callable[[str], Any]) -> None:
    found = statements(key_of("dev"))

    accounts = [f"arn:aws:iam::{account}:root" for account in ("300000000000", "400000000000")]
    decrypt, describe = found["StagesDecryptModels"], found["StagesDescribeTheKey"]
    assert decrypt["Action"] == "kms:Decrypt"
    assert decrypt["Principal"]["AWS"] == accounts
    assert decrypt["Condition"]["ArnLike"]["kms:EncryptionContext:aws:s3:arn"] == [
        "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1",
        "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1/models/*/*/Train/*",
        "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1/models/*/*/Evaluate/*",
        "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1/models/*/*/Baseline/*",
    ]
    assert (describe["Action"], describe["Principal"]["AWS"]) == ("kms:DescribeKey", accounts)


def test_a_stage_that_trains_nothing_shares_its_key_with_nobody(
    key_of: Callable[[str], Any],
) -> None:
    found = statements(key_of("prod"))

    assert sorted(found) == ["AlarmsPublishEncrypted", "LogGroupsOfThisStage", "Owner"]


def test_services_use_the_key_for_this_stage_only(key_of: Callable[[str], Any]) -> None:
    found = statements(key_of("prod"))

    alarms, logs = found["AlarmsPublishEncrypted"], found["LogGroupsOfThisStage"]
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": "400000000000"}}
    assert logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"] == (
        "arn:aws:logs:eu-west-1:400000000000:log-group:/acme/prod/*"
    )


def test_the_training_stages_key_outlives_its_stack(key_of: Callable[[str], Any]) -> None:
    policies = {
        stage: [
            key_of(stage).resource(f"AWS::KMS::{it}")["DeletionPolicy"] for it in ("Key", "Alias")
        ]
        for stage in ("dev", "test")
    }

    assert policies == {"dev": ["RetainExceptOnCreate"] * 2, "test": ["Delete"] * 2}
