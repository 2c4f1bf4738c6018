import copy
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rehearsal.pipeline.cache import CacheConfigError, StepCache, seconds_of

ARGUMENTS: dict[str, Any] = {
    "AppSpecification": {"ImageUri": "image:1", "ContainerArguments": ["--a", "1"]},
    "ProcessingInputs": [{"InputName": "data", "S3Input": {"S3Uri": "s3://bucket/in"}}],
    "ProcessingOutputConfig": {
        "Outputs": [{"OutputName": "out", "S3Output": {"S3Uri": "s3://bucket/e1/out"}}]
    },
}


def put(cache: StepCache, uri: str, text: str) -> None:
    file = cache.folder.parent / "file.txt"
    file.write_text(text)
    cache.storage.put(file, uri)


@pytest.fixture
def cache(tmp_path: Path) -> StepCache:
    cache = StepCache(
        folder=tmp_path / "cache", storage=LocalS3(tmp_path / "s3"), environment="lock1"
    )
    put(cache, "s3://bucket/in/rows.csv", "1")
    put(cache, "s3://bucket/e1/out/rows.csv", "2")
    return cache


def stored_key(cache: StepCache, *, now: float = 1000.0) -> str:
    key = cache.key("Processing", ARGUMENTS)
    cache.store("Step", key, execution="e1", properties=ARGUMENTS, now=now)
    return key


def test_a_success_is_found_again_with_its_properties(cache: StepCache) -> None:
    entry = cache.find("Step", stored_key(cache), expire_after=None, now=2000.0)

    assert entry is not None
    assert (entry.execution, entry.properties) == ("e1", ARGUMENTS)


def test_where_outputs_go_is_no_part_of_the_key(cache: StepCache) -> None:
    other = copy.deepcopy(ARGUMENTS)
    other["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = "s3://bucket/e2/out"
    training = {"OutputDataConfig": {"S3OutputPath": "s3://a1/x", "KmsKeyId": "k"}}
    elsewhere = {"OutputDataConfig": {"S3OutputPath": "s3://b2/x", "KmsKeyId": "k"}}

    assert cache.key("Processing", other) == cache.key("Processing", ARGUMENTS)
    assert cache.key("Training", training) == cache.key("Training", elsewhere)


def test_a_changed_argument_image_kind_or_environment_changes_the_key(cache: StepCache) -> None:
    argument, image = copy.deepcopy(ARGUMENTS), copy.deepcopy(ARGUMENTS)
    argument["AppSpecification"]["ContainerArguments"][1] = "2"
    image["AppSpecification"]["ImageUri"] = "image:2"
    elsewhere = StepCache(folder=cache.folder, storage=cache.storage, environment="lock2")

    keys = {
        cache.key("Processing", ARGUMENTS),
        cache.key("Processing", argument),
        cache.key("Processing", image),
        cache.key("Training", ARGUMENTS),
        elsewhere.key("Processing", ARGUMENTS),
    }

    assert len(keys) == 5


def test_changed_content_of_an_input_changes_the_key(cache: StepCache) -> None:
    before = cache.key("Processing", ARGUMENTS)
    put(cache, "s3://bucket/in/rows.csv", "changed")

    assert cache.key("Processing", ARGUMENTS) != before


def test_an_added_file_of_an_input_changes_the_key(cache: StepCache) -> None:
    before = cache.key("Processing", ARGUMENTS)
    put(cache, "s3://bucket/in/more.csv", "")

    assert cache.key("Processing", ARGUMENTS) != before


@pytest.mark.parametrize(("age", "found"), [(86_400.0, True), (86_401.0, False)])
def test_a_success_older_than_expire_after_is_not_reused(
    cache: StepCache, age: float, found: bool
) -> None:
    key = stored_key(cache, now=1000.0)

    assert (cache.find("Step", key, expire_after="P1D", now=1000.0 + age) is not None) is found


def test_outputs_that_are_gone_or_changed_are_not_reused(cache: StepCache) -> None:
    key = stored_key(cache)
    put(cache, "s3://bucket/e1/out/rows.csv", "tampered")

    assert cache.find("Step", key, expire_after=None, now=1.0) is None


def test_an_unreadable_entry_only_costs_a_run(cache: StepCache) -> None:
    key = stored_key(cache)
    (cache.folder / "Step" / f"{key}.json").write_text("{half")

    assert cache.find("Step", key, expire_after=None, now=1.0) is None


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("P30D", 2_592_000), ("PT1H", 3600), ("P1DT2H3M4S", 93_784), ("P2W", 1_209_600)],
)
def test_durations_are_read(duration: str, seconds: int) -> None:
    assert seconds_of(duration) == seconds


@pytest.mark.parametrize("duration", ["P", "30d", "", "PT"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(CacheConfigError, match="is not an ISO 8601 duration; allowed: like P30D"):
        seconds_of(duration)
