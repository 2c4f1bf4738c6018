"""A version says of which bytes it is made, or it is not releasable."""

from typing import Any

import pytest

from mlops.registry import RegistryError, VersionContent, recorded_archive

ARN = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn/7"
IMAGE = "100000000000.dkr.ecr.eu-west-1.amazonaws.com/acme/churn"
METADATA = {
    "archive_sha256": "a" * 64,
    "evaluated_sha256": "a" * 64,
    "answers_sha256": "b" * 64,
    "baseline_sha256": "c" * 64,
}


def package(image: str = f"{IMAGE}@sha256:{'d' * 64}", **changed: str) -> dict[str, Any]:
    return {
        "ModelPackageArn": ARN,
        "CustomerMetadataProperties": METADATA | changed,
        "InferenceSpecification": {"Containers": [{"Image": image}]},
    }


def test_a_version_is_its_archive_its_answers_its_baseline_and_its_image() -> None:
    found = VersionContent.of(package())

    assert found == VersionContent(
        archive="a" * 64, answers="b" * 64, baseline="c" * 64, image="d" * 64
    )


@pytest.mark.parametrize("key", METADATA)
@pytest.mark.parametrize("said", ["", "unrecorded", "A" * 64, "a" * 63])
def test_every_part_is_needed(key: str, said: str) -> None:
    with pytest.raises(RegistryError, match=rf"{ARN}: .*{key}.*remedy: train again"):
        VersionContent.of(package(**{key: said}))


def test_an_image_by_its_tag_is_a_name_and_no_content() -> None:
    with pytest.raises(RegistryError, match="an image by its digest"):
        VersionContent.of(package(image=f"{IMAGE}:0123abcd"))


def test_everything_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(RegistryError) as refusal:
        VersionContent.of({"ModelPackageArn": ARN})

    assert all(what in str(refusal.value) for what in (*METADATA, "an image by its digest"))


def test_an_archive_that_was_replaced_between_its_judges_is_told() -> None:
    with pytest.raises(RegistryError, match="was replaced while the pipeline ran"):
        VersionContent.of(package(evaluated_sha256="e" * 64))


def test_a_container_is_told_what_was_recorded_or_that_nothing_was() -> None:
    assert recorded_archive(package()) == "a" * 64
    assert recorded_archive({}) == "unrecorded"
