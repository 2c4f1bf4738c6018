"""`config/releases.yaml`: which version of which model each stage runs, and its bytes."""

from typing import Annotated

from pydantic import Field

from mlops.contract.vocabulary import Name, Spec, StageName
from mlops.rollout.content import DIGEST_PATTERN

_PACKAGE = "model-package/[A-Za-z0-9-]{1,63}/[1-9][0-9]{0,8}"
PACKAGE_ARN = rf"^arn:aws:sagemaker:[a-z0-9-]+:[0-9]{{12}}:{_PACKAGE}$"
VersionNumber = Annotated[int, Field(ge=1, le=999_999_999)]
Version = VersionNumber | Annotated[str, Field(pattern=PACKAGE_ARN)]

VersionKey = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]
Digest = Annotated[str, Field(pattern=f"^{DIGEST_PATTERN}$")]


class ContentSpec(Spec):
    """What a version consists of, each part by its SHA-256; `mlops release` writes it."""

    archive: Annotated[Digest, Field(description="The files of model.tar.gz, as served")]
    answers: Annotated[Digest, Field(description="The version's recorded answers")]
    baseline: Annotated[Digest, Field(description="What its drift is measured against")]
    image: Annotated[Digest, Field(description="Digest of its image")]


class ReleasesSpec(Spec):
    """Version number or model package ARN per model and stage; absent means not released there."""

    releases: Annotated[
        dict[Name, dict[StageName, Version]],
        Field(description="By model, then by stage: a version number, or a model package ARN"),
    ] = Field(default_factory=dict)

    contents: Annotated[
        dict[Name, dict[VersionKey, ContentSpec]],
        Field(description="By model, then by version in quotes; a version without one is unproved"),
    ] = Field(default_factory=dict)

    def content(self, *, model: str, version: int) -> ContentSpec | None:
        """The bytes behind a version, or None where a release recorded none."""
        return self.contents.get(model, {}).get(str(version))

    def version(self, *, model: str, stage: str) -> int | None:
        """The pinned version number, or None where the model is not released."""
        pinned = self.releases.get(model, {}).get(stage)
        return int(pinned.rsplit("/", 1)[1]) if isinstance(pinned, str) else pinned
