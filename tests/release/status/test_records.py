import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from mlops.contract import Platform, StageSpec
from mlops.release import ReleaseError
from mlops.release.status.records import Recorded, RecordFiles, RecordParameters
from tests.release.conftest import failed

MODEL = "bike-demand"
NAME = "/mlops/prod/bike-demand/release-record"


@pytest.fixture
def prod(platform: Platform) -> StageSpec:
    return platform.stages.stage("prod")


@pytest.fixture
def files(rehearsed: Any) -> RecordFiles:
    return RecordFiles(folder=rehearsed.folder / "records")


@pytest.fixture
def ssm() -> Any:
    return boto3.client("ssm", region_name="eu-west-1")


@pytest.fixture
def parameters(platform: Platform, ssm: Any) -> RecordParameters:
    return RecordParameters(names=platform.names, clients=lambda _: {"ssm": ssm}.__getitem__)


def test_a_rehearsals_record_is_a_file(rehearsed: Any, files: RecordFiles, prod: StageSpec) -> None:
    records = (rehearsed.record("prod", 4), rehearsed.record("prod", 5))

    found = files.read(prod, MODEL)

    assert found == Recorded(records=records)
    assert found.last == records[-1]


def test_a_rehearsals_record_is_kept_once(
    rehearsed: Any, files: RecordFiles, prod: StageSpec
) -> None:
    first, second = failed("prod", 4), failed("prod", 5)

    for record in (first, first, second, first):
        files.add(prod, MODEL, record.to_json())

    assert files.read(prod, MODEL).records == (first, second, first)


def test_before_the_first_rehearsal_there_is_none(files: RecordFiles, prod: StageSpec) -> None:
    assert files.read(prod, MODEL) == Recorded()


def test_a_file_that_cannot_be_read_is_named(
    rehearsed: Any, files: RecordFiles, prod: StageSpec
) -> None:
    (rehearsed.folder / "records/prod/bike-demand.jsonl").mkdir(parents=True)

    with pytest.raises(ReleaseError, match=r"prod/bike-demand\.jsonl: cannot be read: Is a dir"):
        files.read(prod, MODEL)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not a release record: not JSON"),
        ('{"schema": 9}', "is not a release record: schema: got 9; allowed: 1; remedy: the next"),
    ],
)
def test_a_file_whose_last_line_is_no_record_is_named(
    rehearsed: Any, files: RecordFiles, prod: StageSpec, text: str, said: str
) -> None:
    record = rehearsed.record("prod", 4)
    rehearsed.write("prod", text)

    found = files.read(prod, MODEL)

    assert re.search(said, found.unread or "")
    assert found.records == (record,)
    assert found.last is None


def test_a_value_that_was_no_record_is_forgotten_with_the_next_one(
    rehearsed: Any, files: RecordFiles, prod: StageSpec
) -> None:
    rehearsed.write("prod", "{")
    record = rehearsed.record("prod", 4)

    assert files.read(prod, MODEL) == Recorded(records=(record,))


def test_a_file_that_is_no_text_cannot_be_read(
    rehearsed: Any, files: RecordFiles, prod: StageSpec
) -> None:
    rehearsed.write("prod", "")
    (rehearsed.folder / "records/prod/bike-demand.jsonl").write_bytes(b"\xff")

    with pytest.raises(
        ReleaseError, match=r"bike-demand\.jsonl: is not a release record: is not text"
    ):
        files.read(prod, MODEL)


@pytest.mark.parametrize("changes", [{"stage": "dev"}, {"model": "churn"}])
def test_a_record_of_something_else_is_refused(
    rehearsed: Any, files: RecordFiles, prod: StageSpec, changes: dict[str, str]
) -> None:
    rehearsed.write("prod", replace(failed("prod", 4), **changes).to_json())

    found = files.read(prod, MODEL)

    assert re.search(r"is the record of .*; allowed: bike-demand in prod", found.unread or "")
    assert found.records == ()


def test_a_stages_records_are_all_values_of_its_parameter(
    parameters: RecordParameters, prod: StageSpec, ssm: Any
) -> None:
    old, new = failed("prod", 4), failed("prod", 5)
    with Stubber(ssm) as calls:
        for number, record, more in ((10, new, {"NextToken": "more"}), (9, old, {})):
            kept = {"Name": NAME, "Type": "String", "Value": record.to_json(), "Version": number}
            asked = {"Name": NAME} | ({} if more else {"NextToken": "more"})
            calls.add_response("get_parameter_history", {"Parameters": [kept], **more}, asked)

        assert parameters.read(prod, MODEL) == Recorded(records=(old, new))


def test_before_the_first_deployment_there_is_no_parameter(
    parameters: RecordParameters, prod: StageSpec, ssm: Any
) -> None:
    with Stubber(ssm) as calls:
        calls.add_client_error("get_parameter_history", "ParameterNotFound")

        assert parameters.read(prod, MODEL) == Recorded()


def test_a_refusal_names_the_parameter(
    parameters: RecordParameters, prod: StageSpec, ssm: Any
) -> None:
    with Stubber(ssm) as calls:
        calls.add_client_error("get_parameter_history", "AccessDeniedException", "not you")

        with pytest.raises(ReleaseError, match=rf"{NAME}: not you \(AccessDeniedException\)"):
            parameters.read(prod, MODEL)


def test_an_unreachable_service_names_the_parameter(platform: Platform, prod: StageSpec) -> None:
    class Unreachable:
        def get_paginator(self, _: str) -> None:
            raise EndpointConnectionError(endpoint_url="https://ssm.invalid")

    records = RecordParameters(names=platform.names, clients=lambda _: lambda _: Unreachable())

    with pytest.raises(ReleaseError, match=f"{NAME}: Could not connect"):
        records.read(prod, MODEL)


def test_a_stage_without_access_is_knocked_at_once(platform: Platform, prod: StageSpec) -> None:
    asked: list[str] = []

    def refused(stage: StageSpec) -> Callable[[str], Any]:
        asked.append(stage.name)
        raise ReleaseError("no way into prod")

    records = RecordParameters(names=platform.names, clients=refused)

    for model in (MODEL, "churn"):
        with pytest.raises(ReleaseError, match="no way into prod"):
            records.read(prod, model)
    assert asked == ["prod"]
