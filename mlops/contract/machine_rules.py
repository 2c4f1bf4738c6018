"""Rules that join an instance type with what is asked of it: the image, scaling, a volume key."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mlops.contract.document import Document, KeyPath
from mlops.contract.instance_types import FEATURES, Feature
from mlops.contract.model_spec import ModelSpec
from mlops.contract.partial import readable
from mlops.contract.problems import Problem
from mlops.contract.stage_spec import StageSpec, StagesSpec
from mlops.contract.translation import problem_at

STEPS: Final = ("preprocess", "validate_data", "train", "baseline", "evaluate")


def machines(model: ModelSpec) -> Iterator[tuple[KeyPath, str]]:
    """Every instance type that a contract names, by its key."""
    for path in (*(("pipeline", "steps", step) for step in STEPS), ("endpoint",), ("batch",)):
        yield from readable(_machine, model, path)


def _machine(model: ModelSpec, path: tuple[str, ...]) -> Iterator[tuple[KeyPath, str]]:
    block: object = model
    for name in path:
        block = getattr(block, name)
    instance_type = getattr(block, "instance_type", None)
    if instance_type is not None:
        yield (*path, "instance_type"), instance_type


def _machines_run_the_images_architecture(
    document: Document, model: ModelSpec
) -> Iterator[Problem]:
    for path, instance_type in machines(model):
        yield from _refused(document, path, instance_type, FEATURES["arm64"])


def _capacity_runs_the_images_architecture(
    document: Document, stages: StagesSpec
) -> Iterator[Problem]:
    for stage in stages.stages:
        for tier, capacity in stage.capacity.items():
            path = ("stages", stage.name, "capacity", tier, "instance_type")
            yield from _refused(document, path, capacity.instance_type, FEATURES["arm64"])


def _accelerators_have_an_image_that_uses_them(
    document: Document, model: ModelSpec, folder: Path
) -> Iterator[Problem]:
    if not _has_own_image(folder):
        for path, instance_type in machines(model):
            yield from _refused(document, path, instance_type, FEATURES["accelerator"])


def tier_problems(
    document: Document, model: ModelSpec, stage: StageSpec, folder: Path
) -> Iterator[Problem]:
    """What a model's tier offers in a stage and the model's image or its scaling cannot take."""
    capacity = stage.capacity.get(model.endpoint.tier)
    if capacity is None:
        return
    if model.endpoint.instance_type is None and not _has_own_image(folder):
        yield from _refused(
            document,
            ("endpoint", "tier"),
            capacity.instance_type,
            FEATURES["accelerator"],
            where=f" (tier {model.endpoint.tier} of stage {stage.name})",
        )
    scales = model.endpoint.scaling.enabled and capacity.max_instances > capacity.min_instances
    if scales:
        yield from _refused(
            document,
            ("endpoint", "scaling"),
            model.endpoint.instance_type or capacity.instance_type,
            FEATURES["burstable"],
            where=f" (stage {stage.name})",
        )


def _has_own_image(folder: Path) -> bool:
    return (folder / "Dockerfile").is_file()


def _refused(
    document: Document, path: KeyPath, instance_type: str, feature: Feature, *, where: str = ""
) -> Iterator[Problem]:
    if feature.belongs_to(instance_type):
        yield problem_at(
            document,
            path,
            f"{instance_type}{where}: {feature.reason}",
            got=instance_type,
            allowed=feature.allowed,
            remedy=feature.remedy,
        )


MACHINE_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _machines_run_the_images_architecture,
)
MACHINE_FOLDER_RULES: Final[
    tuple[Callable[[Document, ModelSpec, Path], Iterator[Problem]], ...]
] = (_accelerators_have_an_image_that_uses_them,)
CAPACITY_RULES: Final[tuple[Callable[[Document, StagesSpec], Iterator[Problem]], ...]] = (
    _capacity_runs_the_images_architecture,
)
