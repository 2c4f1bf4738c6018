"""The function starts one pipeline, sees one model's data without reading it, and tells people."""

from collections.abc import Callable

import pytest

from mlops.contract import ModelSpec
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import Task
from mlops_constructs.site import Site
from mlops_constructs.training.retraining_task import retraining_task

KEY = "arn:aws:kms:eu-west-1:200000000000:key/1"
BUCKET = "acme-dev-artifacts-200000000000-eu-west-1"


@pytest.fixture(scope="module")
def task_of(site_of: Callable[..., Site]) -> Callable[[ModelSpec], Task]:
    return lambda model: retraining_task(site_of("dev"), model, key_arn=KEY)


@pytest.fixture(scope="module")
def permissions(task_of: Callable[[ModelSpec], Task], model: ModelSpec) -> dict[str, Permission]:
    return {permission.sid: permission for permission in task_of(model).permissions}


def test_it_lists_and_starts_exactly_one_pipeline(permissions: dict[str, Permission]) -> None:
    training = permissions["StartThePipeline"]

    assert training.actions == [
        "sagemaker:ListPipelineExecutions",
        "sagemaker:StartPipelineExecution",
    ]
    assert training.resources == [
        "arn:aws:sagemaker:eu-west-1:200000000000:pipeline/acme-churn-training"
    ]


def test_it_sees_the_names_and_the_metadata_of_the_models_data(
    permissions: dict[str, Permission],
) -> None:
    finding, reading = permissions["FindPublishedData"], permissions["ReadItsMetadata"]

    assert finding.resources == [f"arn:aws:s3:::{BUCKET}"]
    assert finding.conditions == {"StringEquals": {"s3:prefix": "data/churn/"}}
    assert reading.resources == [f"arn:aws:s3:::{BUCKET}/data/churn/*"]


def test_the_key_opens_messages_to_people_and_no_data(permissions: dict[str, Permission]) -> None:
    with_key = [one for one in permissions.values() if KEY in one.resources]

    assert [one.sid for one in with_key] == ["TellPeopleEncrypted"]
    assert with_key[0].conditions == {
        "StringEquals": {"kms:ViaService": "sns.eu-west-1.amazonaws.com"}
    }


def test_what_the_contract_says_reaches_the_function(
    task_of: Callable[[ModelSpec], Task], model: ModelSpec
) -> None:
    often = model.retraining.model_copy(update={"cooldown_days": 3, "budget_per_month": 9})

    environment = task_of(model.model_copy(update={"retraining": often})).environment

    assert environment["COOLDOWN_DAYS"] == "3"
    assert environment["BUDGET_PER_MONTH"] == "9"
    assert environment["PIPELINE"] == "acme-churn-training"
    assert environment["DATA_BUCKET"] == BUCKET
    assert environment["DATA_PREFIX"] == "data/churn/"
    assert environment["ALERT_TOPIC"].endswith(":acme-dev-alerts")


def test_a_model_whose_data_lies_elsewhere_looks_into_no_bucket(
    task_of: Callable[[ModelSpec], Task], model: ModelSpec
) -> None:
    elsewhere = model.data.model_copy(update={"uri": "s3://lake/churn.csv"})

    task = task_of(model.model_copy(update={"data": elsewhere}))

    assert not [key for key in task.environment if key.startswith("DATA_")]
    assert not [one for one in task.permissions if "s3:" in str(one.actions)]


def test_what_fails_for_good_is_kept(
    task_of: Callable[[ModelSpec], Task], model: ModelSpec
) -> None:
    queue = task_of(model).dead_letter_queue_arn

    assert queue == "arn:aws:sqs:eu-west-1:200000000000:acme-dev-undelivered"
