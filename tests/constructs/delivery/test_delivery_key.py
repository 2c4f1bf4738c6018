"""The delivery's key rotates, outlives its stack, and encrypts the delivery's logs alone."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.delivery_key import DeliveryKey
from mlops_constructs.delivery_site import DeliverySite


@pytest.fixture(scope="module")
def key(render: Callable[..., Any], names: Names) -> Any:
    return render(lambda stack: DeliveryKey(stack, "Key", site=DeliverySite(names=names)))


def test_it_rotates_and_stays(key: Any) -> None:
    resource = key.resource("AWS::KMS::Key")

    assert resource["Properties"]["EnableKeyRotation"] is True
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_log_groups_of_the_delivery_alone_are_encrypted(key: Any) -> None:
    statements = {s.get("Sid"): s for s in key.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]}

    assert statements["LogGroupsOfTheDelivery"]["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": (
                "arn:aws:logs:eu-west-1:100000000000:log-group:/acme/delivery/*"
            )
        }
    }


def test_alarms_of_this_account_encrypt_what_they_publish(key: Any) -> None:
    statements = {s.get("Sid"): s for s in key.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]}

    assert statements["AlarmsPublishEncrypted"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "100000000000"}
    }


def test_it_is_found_by_its_alias(key: Any) -> None:
    assert key.only("AWS::KMS::Alias")["AliasName"] == "alias/acme-delivery"
