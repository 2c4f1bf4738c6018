"""What a version consists of, as its registration recorded it: each part by its SHA-256."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops.registry.errors import RegistryError
from mlops.rollout.content import DIGEST_PATTERN, UNRECORDED

_RECORDED: Final = ("archive_sha256", "evaluated_sha256", "answers_sha256", "baseline_sha256")
_BY_DIGEST: Final = re.compile(rf"\S+@sha256:({DIGEST_PATTERN})")


@dataclass(frozen=True, kw_only=True)
class VersionContent:
    """The bytes behind a version; 64 hexadecimal digits each."""

    archive: str
    """The tree that model.tar.gz unpacks to, as `mlops.rollout.content` defines its hash."""
    answers: str
    """The file of answers that the version gave when it was evaluated."""
    baseline: str
    """The tree of files that drift is measured against."""
    image: str
    """The image's digest."""

    @classmethod
    def recorded(cls, package: Mapping[str, Any]) -> "VersionContent | None":
        """The content that a described model package records; None where it says nothing of it.

        Raises:
            RegistryError: it says a part of it, or contradicts itself.
        """
        metadata = package.get("CustomerMetadataProperties", {})
        return cls.of(package) if metadata.keys() & {*_RECORDED} else None

    @classmethod
    def of(cls, package: Mapping[str, Any]) -> "VersionContent":
        """The content that a described model package records.

        Raises:
            RegistryError: it records none, or the archive that was evaluated is not the one that
                was served and described.
        """
        arn = package["ModelPackageArn"]
        metadata = package.get("CustomerMetadataProperties", {})
        found = {key: metadata.get(key, "") for key in _RECORDED}
        missing = [key for key, said in found.items() if not re.fullmatch(DIGEST_PATTERN, said)]
        image = _BY_DIGEST.fullmatch(_container(package).get("Image", ""))
        if missing or image is None:
            what = ", ".join([*missing, *([] if image else ["an image by its digest"])])
            raise RegistryError(
                f"{arn}: its registration does not record {what}, so nothing ties the version to "
                "its bytes; remedy: train again, and release the version that this registers"
            )
        if found["archive_sha256"] != found["evaluated_sha256"]:
            raise RegistryError(
                f"{arn}: the archive that was evaluated ({found['evaluated_sha256']}) is not the "
                f"one that was served and described ({found['archive_sha256']}): it was replaced "
                "while the pipeline ran; remedy: reject the version, and train again"
            )
        return cls(
            archive=found["archive_sha256"],
            answers=found["answers_sha256"],
            baseline=found["baseline_sha256"],
            image=image[1],
        )


def recorded_archive(package: Mapping[str, Any]) -> str:
    """The content of a version's archive, for its container's environment."""
    return str(package.get("CustomerMetadataProperties", {}).get("archive_sha256", UNRECORDED))


def _container(package: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = package.get("InferenceSpecification", {}).get("Containers") or [{}]
    first: Mapping[str, Any] = containers[0]
    return first
