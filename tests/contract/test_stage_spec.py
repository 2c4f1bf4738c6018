"""Where the delivery takes its commits from, whom it tells, and what is no such place."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import get_session
from pydantic import TypeAdapter, ValidationError

from mlops.contract import (
    Delivery,
    ImageBuild,
    Notifications,
    Problem,
    SlackChannel,
    Source,
    StagesFile,
    StagesSpec,
)
from mlops.contract.vocabulary import OrganizationId

Changed = Callable[[str, str, str], list[Problem]]
CONNECTION = (
    "arn:aws:codeconnections:eu-west-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
)


def source(**changed: Any) -> Source:
    return Source.model_validate({"repository": "acme/mlops", "connection": CONNECTION} | changed)


def test_a_connected_repository_is_followed_on_its_main_branch() -> None:
    assert source().branch == "main"


def test_a_repository_of_codecommit_needs_no_connection() -> None:
    assert Source(repository="mlops").connection is None


@pytest.mark.parametrize(
    "changed",
    [
        {"repository": "mlops"},
        {"connection": None},
        {"connection": "arn:aws:iam::111111111111:role/connection"},
        {"repository": "acme/ml ops"},
        {"branch": "--force"},
        {"credentials": "arn:aws:ssm:eu-west-1:111111111111:parameter/token"},
    ],
    ids=str,
)
def test_what_no_host_knows_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        source(**changed)


@pytest.mark.parametrize(
    "notifications",
    [
        {"emails": ["ops"]},
        {"emails": ["ops@example.com", "ops@example.com"]},
        {"slack": {"workspace": "T07EA123LEP"}},
        {"slack": {"workspace": "T07EA123LEP", "channel": "#ops"}},
    ],
    ids=str,
)
def test_whom_nobody_can_reach_is_refused(notifications: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Notifications.model_validate(notifications)


def test_people_are_told_by_mail_and_in_a_channel() -> None:
    channel = {"workspace": "T07EA123LEP", "channel": "C07EZ1ABC23"}

    told = Notifications.model_validate({"emails": ["ops@example.com"], "slack": channel})

    assert told.emails == ("ops@example.com",)
    assert told.slack == SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23")


def test_without_a_source_the_delivery_is_by_hand() -> None:
    assert Delivery(account="111111111111", region="eu-west-1").source is None


def stages(*promotions: str, followed: bool = True) -> StagesSpec:
    capacity = {"instance_type": "ml.m5.large", "min_instances": 2, "max_instances": 2}
    place = {"account": "111111111111", "region": "eu-west-1"}
    found = {
        f"stage{number}": place
        | {"trains": number == 0, "promotion": promotion, "capacity": {"standard": capacity}}
        for number, promotion in enumerate(promotions)
    }
    delivery = place | ({"source": {"repository": "mlops"}} if followed else {})
    return StagesSpec.of(StagesFile.model_validate({"delivery": delivery, "stages": found}))


@pytest.mark.parametrize("asked", ["on-approval", "pull-request"])
def test_one_stage_that_is_not_by_hand_needs_the_automation(asked: str) -> None:
    assert stages("by-hand", asked).is_automated


def test_by_hand_or_without_a_repository_there_is_no_automation() -> None:
    assert not stages("by-hand", "by-hand").is_automated
    assert not stages("on-approval", followed=False).is_automated


@pytest.mark.parametrize(
    "base",
    [
        "python:3.13.15-slim-trixie",
        "mirror.example.com:5000/library/python:3.13",
        f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/python@sha256:{64 * 'a'}",
        f"python:3.13.15-slim-trixie@sha256:{64 * 'a'}",
    ],
)
def test_a_base_image_has_a_tag_or_a_digest(base: str) -> None:
    assert ImageBuild.model_validate({"base": base}).base == base


@pytest.mark.parametrize(
    "images",
    [
        {"base": "python"},
        {"base": "mirror.example.com:5000/python"},
        {"base": "python:3.13 --network=host"},
        {"base": "https://mirror.example.com/python:3.13"},
        {"base": "python@sha256:abc"},
        {"base": ""},
        {"revision": 0},
    ],
    ids=str,
)
def test_a_base_image_that_could_move_freely_or_is_none_is_refused(images: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageBuild.model_validate(images)


@pytest.mark.parametrize("written", ["o-exampleorgid", "o-a1b2c3d4e5"])
def test_an_organization_has_the_id_that_aws_gave_it(changed: Changed, written: str) -> None:
    assert changed("stages.yaml", "delivery:", f"organization: {written}\ndelivery:") == []


@pytest.mark.parametrize("written", ["exampleorgid", "o-short", "o-EXAMPLEORGID", "r-exampleroot"])
def test_what_is_no_id_of_an_organization_is_refused(changed: Changed, written: str) -> None:
    (problem,) = changed("stages.yaml", "delivery:", f"organization: {written}\ndelivery:")

    assert (problem.file, problem.key) == ("config/stages.yaml", "organization")
    assert problem.got == repr(written)
    assert "o-exampleorgid" in str(problem.allowed) + problem.remedy


def test_the_pattern_of_an_organization_is_the_one_of_its_api() -> None:
    model = get_session().get_service_model("organizations")
    pattern = model.shape_for("OrganizationId").metadata["pattern"]

    assert TypeAdapter(OrganizationId).json_schema()["pattern"] == f"^(?:{pattern[1:-1]})$"
