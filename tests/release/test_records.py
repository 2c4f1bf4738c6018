from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from mlops.contract import Platform, StageSpec
from mlops.release import ReleaseError
from mlops.release.records import RecordFiles, RecordParameters

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
    record = rehearsed.record("prod", 4)

    assert files.read(prod, MODEL) == record


def test_before_the_first_rehearsal_there_is_none(files: RecordFiles, prod: StageSpec) -> None:
    assert files.read(prod, MODEL) is None


def test_a_file_that_cannot_be_read_is_named(
    rehearsed: Any, files: RecordFiles, prod: StageSpec
) -> None:
    (rehearsed.folder / "records/prod/bike-demand.json").mkdir(parents=True)

    with pytest.raises(ReleaseError, match=r"prod/bike-demand\.json: cannot be read: Is a dir"):
        files.read(prod, MODEL)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no release record: no JSON"),
        ('{"schema": 9}', "is no release record: schema: got 9; allowed: 1; remedy: the next"),
    ],
)
def test_a_file_that_is_no_record_is_named(
    rehearsed: Any, files: RecordFiles, prod: StageSpec, text: str, said: str
) -> None:
    rehearsed.record("prod", 4)
    (rehearsed.folder / "records/prod/bike-demand.json").write_text(text)

    with pytest.raises(ReleaseError, match=said):
        files.read(prod, MODEL)


@pytest.mark.parametrize("changes", [{"stage": "dev"}, {"model": "churn"}])
def test_a_record_of_something_else_is_refused(
    rehearsed: Any, files: RecordFiles, prod: StageSpec, changes: dict[str, str]
) -> None:
    record = replace(rehearsed.record("prod", 4), **changes)
    (rehearsed.folder / "records/prod/bike-demand.json").write_text(record.to_json())

    with pytest.raises(ReleaseError, match=r"is the record of .*; allowed: bike-demand in prod"):
        files.read(prod, MODEL)


def test_a_deployments_record_is_a_parameter_of_its_stage(
    rehearsed: Any, parameters: RecordParameters, prod: StageSpec, ssm: Any
) -> None:
    record = rehearsed.record("prod", 4)
    with Stubber(ssm) as calls:
        answer = {"Parameter": {"Name": NAME, "Type": "String", "Value": record.to_json()}}
        calls.add_response("get_parameter", answer, {"Name": NAME})

        assert parameters.read(prod, MODEL) == record


def test_before_the_first_deployment_there_is_no_parameter(
    parameters: RecordParameters, prod: StageSpec, ssm: Any
) -> None:
    with Stubber(ssm) as calls:
        calls.add_client_error("get_parameter", "ParameterNotFound")

        assert parameters.read(prod, MODEL) is None


def test_a_refusal_names_the_parameter(
    parameters: RecordParameters, prod: StageSpec, ssm: Any
) -> None:
    with Stubber(ssm) as calls:
        calls.add_client_error("get_parameter", "AccessDeniedException", "not you")

        with pytest.raises(ReleaseError, match=rf"{NAME}: not you \(AccessDeniedException\)"):
            parameters.read(prod, MODEL)


def test_an_unreachable_service_names_the_parameter(platform: Platform, prod: StageSpec) -> None:
    class Unreachable:
        def get_parameter(self, **_: Any) -> None:
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
