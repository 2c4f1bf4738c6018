"""`config/releases.yaml`: which version of which model each stage runs."""

from typing import Annotated

from pydantic import Field

from mlops.contract.vocabulary import Name, Spec, StageName

_PACKAGE = "model-package/[A-Za-z0-9-]{1,63}/[1-9][0-9]{0,8}"
PACKAGE_ARN = rf"^arn:aws:sagemaker:[a-z0-9-]+:[0-9]{{12}}:{_PACKAGE}$"
VersionNumber = Annotated[int, Field(ge=1, le=999_999_999)]
Version = VersionNumber | Annotated[str, Field(pattern=PACKAGE_ARN)]


class ReleasesSpec(Spec):
    """Version number or model package ARN per model and stage; absent means not released there."""

    releases: Annotated[
        dict[Name, dict[StageName, Version]],
        Field(description="By model, then by stage: a version number, or a model package ARN"),
    ] = Field(default_factory=dict)

    def version(self, *, model: str, stage: str) -> int | None:
        """The pinned version number, or None where the model is not released."""
        pinned = self.releases.get(model, {}).get(stage)
        return int(pinned.rsplit("/", 1)[1]) if isinstance(pinned, str) else pinned
