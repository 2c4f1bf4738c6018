"""Everything that synthesis and rehearsal need to know about a model's folder."""

from dataclasses import dataclass
from pathlib import Path

from mlops.contract import ModelSpec, Platform
from mlops.pipeline.archive import image_tag, write_archive
from mlops.pipeline.binding import with_defaults
from mlops.pipeline.compiled import Definition, load_compiled
from mlops.pipeline.graph import tunable_defaults


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model's folder, ready for a stage.

    `definition` is the compiled one with the defaults that model.yaml decides; the rest is the
    stage's to bind.
    """

    spec: ModelSpec
    folder: Path
    definition: Definition
    code_archive: Path
    source_hash: str
    image_tag: str


def load_sources(platform: Platform) -> list[ModelSource]:
    """Read the folder of every model that was asked for.

    Raises:
        ContractError: a committed definition is missing or stale.
    """
    build_dir = platform.root / ".mlops" / "build"
    return [load_source(platform, spec, build_dir) for spec in platform.models]


def load_source(platform: Platform, spec: ModelSpec, build_dir: Path) -> ModelSource:
    """Read a model's folder and pack its code into `build_dir`.

    Raises:
        ContractError: the committed definition is missing or stale.
    """
    folder = platform.root / "model_code" / spec.folder
    archive = write_archive(spec, folder, build_dir)
    return ModelSource(
        spec=spec,
        folder=folder,
        definition=with_defaults(load_compiled(platform.root, spec), tunable_defaults(spec)),
        code_archive=archive.path,
        source_hash=archive.source_hash,
        image_tag=image_tag(folder, platform.stages.delivery.images),
    )
