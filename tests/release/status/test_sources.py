from typing import Any

import pytest

from mlops.contract import Platform, StageSpec
from mlops.registry import list_versions
from mlops.release.status.sources import AwsSources, LocalSources

Asked = list[tuple[str, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Which role or profile was used where; the clients that follow are names."""
    found: Asked = []

    def assumed(role: str, *, region: str) -> Any:
        found.append((role, region))
        return lambda service: f"{service} as {role.rpartition('/')[2]}"

    def with_profile(stage: StageSpec, *, profile: str) -> Any:
        found.append((profile, stage.name))
        return lambda service: f"{service} as {profile}"

    monkeypatch.setattr("mlops.release.status.sources.assumed_clients", assumed)
    monkeypatch.setattr("mlops.release.status.sources.profile_clients", with_profile)
    return found


def test_a_rehearsals_registry_and_records_are_of_one_folder(
    rehearsed: Any, platform: Platform
) -> None:
    rehearsed.register("Approved")
    record = rehearsed.record("prod", 1)
    sources = LocalSources(folder=rehearsed.folder)

    versions = list_versions(sources.registry(platform), "mlops-bike-demand")

    assert [(v.number, v.arn.split(":")[4]) for v in versions] == [(1, "222222222222")]
    stage = platform.stages.stage("prod")
    assert sources.records(platform).read(stage, "bike-demand").last == record


def test_on_aws_the_registry_is_asked_through_its_role(platform: Platform, asked: Asked) -> None:
    client = AwsSources().registry(platform)

    assert client == "sagemaker as mlops-dev-release-decisions"
    assert asked == [("arn:aws:iam::222222222222:role/mlops-dev-release-decisions", "eu-west-1")]


def test_on_aws_each_stages_records_are_read_through_its_own_role(
    platform: Platform, asked: Asked
) -> None:
    records: Any = AwsSources().records(platform)

    client = records.clients(platform.stages.stage("prod"))("ssm")

    assert client == "ssm as mlops-prod-release-records"
    assert asked == [("arn:aws:iam::444444444444:role/mlops-prod-release-records", "eu-west-1")]


def test_a_person_brings_a_profile_for_all_stages_or_for_each(
    platform: Platform, asked: Asked
) -> None:
    sources = AwsSources(profiles={"": "mine", "prod": "production"})
    records: Any = sources.records(platform)

    sources.registry(platform)
    for stage in ("staging", "prod"):
        records.clients(platform.stages.stage(stage))

    assert asked == [("mine", "dev"), ("mine", "staging"), ("production", "prod")]
