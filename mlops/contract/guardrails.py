"""Rules that join several keys, several files, or a file and a folder.

Each rule is a generator of problems over a checked spec; the tuples at the end are the whole list.
The reasons are SageMaker's: what its API and the template validators accept, and what then fails or
protects nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from mlops.contract.alarm_rules import ALARM_RULES
from mlops.contract.batch_rules import BATCH_RULES
from mlops.contract.canary_rules import CANARY_RULES, CANARY_STAGES_RULES, OVERRIDE_RULES
from mlops.contract.contents_rules import contents_problems
from mlops.contract.document import Document, KeyPath, dotted
from mlops.contract.example_rules import example_problems
from mlops.contract.lock_rules import LOCK_RULES
from mlops.contract.machine_rules import (
    CAPACITY_RULES,
    MACHINE_FOLDER_RULES,
    MACHINE_RULES,
    tier_problems,
)
from mlops.contract.measures import MEASURE_RULES
from mlops.contract.model_spec import ModelSpec
from mlops.contract.monitoring_rules import MONITORING_RULES
from mlops.contract.partial import readable, sound_entries
from mlops.contract.privacy_rules import PRIVACY_RULES, STAGE_PRIVACY_RULES
from mlops.contract.problems import Problem
from mlops.contract.registry_metadata import METADATA_RULES
from mlops.contract.release_spec import ReleasesSpec
from mlops.contract.sample import sample_problems
from mlops.contract.script_rules import SCRIPT_RULES
from mlops.contract.stage_spec import StageSpec, StagesSpec
from mlops.contract.traffic_rules import TRAFFIC_RULES
from mlops.contract.translation import problem_at
from mlops.contract.vocabulary import LONGEST_NAME, NAME_PATTERN

SpecT = TypeVar("SpecT", bound=BaseModel)

MODEL_FILES: Final = (
    "preprocess.py",
    "validate_data.py",
    "train.py",
    "evaluate.py",
    "inference.py",
    "requirements.lock",
    "README.md",
)
PACKED_MODULES: Final = (
    "serve.py", "model_server.py", "sheet.py", "probes.py", "content.py", "jobs.py",
    "monitoring.py",
)  # fmt: skip
"""What the platform puts beside a model's modules; two of these names are packages."""


def of_model(document: Document, model: ModelSpec, folder: Path) -> list[Problem]:
    """What is wrong with a model by itself, its folder included."""
    found = _asked(_MODEL_RULES, document, model)
    for check in _FOLDER_RULES:
        found += readable(check, document, model, folder)
    return found


def of_stages(document: Document, stages: StagesSpec) -> list[Problem]:
    """What is wrong with the stages among themselves."""
    return _asked(_STAGES_RULES, document, stages, names=[one.name for one in stages.stages])


def _asked(
    rules: Iterable[Callable[[Document, SpecT], Iterator[Problem]]],
    document: Document,
    spec: SpecT,
    names: Sequence[str] = (),
) -> list[Problem]:
    """What rules find, and what they find of the sound entries of each list with a faulty one.

    Stages are a list here and a mapping in the file; they have names.
    """
    rules = tuple(rules)
    found = [problem for rule in rules for problem in readable(rule, document, spec)]
    for sound in sound_entries(spec):
        seen = replace(document, kept=sound.kept)
        within = tuple(_in_file(path, names) for path in sound.kept)
        found += [
            problem
            for rule in rules
            for problem in readable(rule, seen, sound.spec)
            if problem.key.startswith(tuple(f"{path}{mark}" for path in within for mark in "[."))
        ]
    return found


def _in_file(path: KeyPath, names: Sequence[str]) -> str:
    if names and len(path) > 1 and isinstance(path[1], int):
        return dotted((path[0], names[path[1]], *path[2:]))
    return dotted(path)


def of_model_in_stages(
    document: Document, model: ModelSpec, stages: StagesSpec, *, folder: Path
) -> list[Problem]:
    """What a model asks for that a stage cannot give."""
    found: list[Problem] = []
    for stage in stages.stages:
        for rule in _MODEL_STAGE_RULES:
            found += readable(rule, document, model, stage)
        found += readable(tier_problems, document, model, stage, folder)
    for check in _MODEL_STAGES_RULES:
        found += readable(check, document, model, stages)
    return found


def of_overrides(
    document: Document, models: Sequence[ModelSpec], stages: StagesSpec
) -> list[Problem]:
    """What a stage changes of the models' canaries, and cannot be run so."""
    return [
        problem for rule in _OVERRIDE_RULES for problem in readable(rule, document, models, stages)
    ]


def of_releases(
    document: Document, releases: ReleasesSpec, stages: StagesSpec, models: tuple[str, ...]
) -> list[Problem]:
    """Releases of models or to stages that do not exist, of others' packages, or unproved ones."""
    return [
        *readable(_release_problems, document, releases, stages, models),
        *readable(contents_problems, document, releases, stages),
    ]


def _release_problems(
    document: Document, releases: ReleasesSpec, stages: StagesSpec, models: tuple[str, ...]
) -> Iterator[Problem]:
    for model in releases.contents:
        if model not in models:
            yield _unknown(document, ("contents", model), "model", models)
    for model, pinned in releases.releases.items():
        if model not in models:
            yield _unknown(document, ("releases", model), "model", models)
        for stage, version in pinned.items():
            path = ("releases", model, stage)
            known = tuple(existing.name for existing in stages.stages)
            if stage not in known:
                yield _unknown(document, path, "stage", known)
            if isinstance(version, str):
                yield from _foreign_package(document, path, version, model, stages)


def _unknown(document: Document, path: KeyPath, what: str, known: tuple[str, ...]) -> Problem:
    return problem_at(
        document,
        path,
        f"there is no such {what}",
        got=path[-1],
        allowed=", ".join(known) or None,
        remedy=f"correct the {what}'s name or remove the line",
    )


def _foreign_package(
    document: Document, path: KeyPath, arn: str, model: str, stages: StagesSpec
) -> Iterator[Problem]:
    if not any(stage.trains for stage in stages.stages):
        return
    registry = stages.training
    group = f"{stages.project}-{model}"
    expected = f":{registry.region}:{registry.account}:model-package/{group}/"
    if expected not in arn:
        yield problem_at(
            document,
            path,
            "this model package is not a version of this model in the registry",
            got=arn,
            allowed=f"arn:aws:sagemaker{expected}<version>",
            remedy="write the version number alone",
        )


def _name_matches_folder(document: Document, model: ModelSpec, folder: Path) -> Iterator[Problem]:
    if folder.name == model.folder:
        return
    named = folder.name.replace("_", "-")
    if named == model.name:
        yield problem_at(
            document,
            ("name",),
            "the folder of a model is named like it, with _ for -",
            got=folder.name,
            allowed=model.folder,
            remedy=f"rename the folder to {model.folder}",
        )
        return
    fits = re.fullmatch(NAME_PATTERN, named) is not None and len(named) <= LONGEST_NAME
    yield problem_at(
        document,
        ("name",),
        f"the folder is named {folder.name}",
        got=model.name,
        allowed=named if fits else f"{model.name} in a folder {model.folder}",
        remedy=f"rename the folder to {model.folder}{', or the model' if fits else ''}; "
        "two models never share a name",
    )


def _scripts_exist(document: Document, _: ModelSpec, folder: Path) -> Iterator[Problem]:
    for name in MODEL_FILES:
        if not (folder / name).is_file():
            yield problem_at(
                document, (), f"the model's folder lacks {name}", remedy=f"add {folder.name}/{name}"
            )


def _modules_have_names_of_their_own(
    document: Document, _: ModelSpec, folder: Path
) -> Iterator[Problem]:
    for name in PACKED_MODULES:
        taken = (folder / name, folder / name.removesuffix(".py"))
        for path in (path for path in taken if path.exists()):
            yield problem_at(
                document,
                (),
                f"{name} is a name of the platform's own: in the archive it would hide this one",
                got=f"{folder.name}/{path.name}",
                allowed=f"any name but {', '.join(PACKED_MODULES)}",
                remedy="rename the module",
            )


def _target_is_no_feature(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for index, field in enumerate(model.schema_.input):
        if field.name == model.problem.target:
            yield problem_at(
                document,
                ("schema", "input", index, "name"),
                "the target is among the inputs: the model would read the answer",
                got=field.name,
                allowed="columns that are known when a request is made",
                remedy="remove the field from schema.input",
            )


def _one_stage_trains(document: Document, stages: StagesSpec) -> Iterator[Problem]:
    training = [stage.name for stage in stages.stages if stage.trains]
    if len(training) != 1:
        yield problem_at(
            document,
            ("stages",),
            "exactly one stage trains and holds the registry",
            got=", ".join(training) or "none",
            allowed="trains: true in one stage",
            remedy="set trains: true in one stage only",
        )


def _stages_share_the_registry_region(document: Document, stages: StagesSpec) -> Iterator[Problem]:
    registry = next((stage for stage in stages.stages if stage.trains), None)
    if registry is None:
        return
    places = [(("stages", stage.name, "region"), stage.region) for stage in stages.stages]
    for path, region in [*places, (("delivery", "region"), stages.delivery.region)]:
        if region != registry.region:
            yield problem_at(
                document,
                path,
                "the registry, the model data and the images are regional, "
                f"and the training stage {registry.name} is in {registry.region}",
                got=region,
                allowed=registry.region,
                remedy=f"use {registry.region} here, or a platform of its own per region",
            )


def _capacity_is_ordered(document: Document, stages: StagesSpec) -> Iterator[Problem]:
    for stage in stages.stages:
        for tier, capacity in stage.capacity.items():
            path: KeyPath = ("stages", stage.name, "capacity", tier)
            if capacity.min_instances > capacity.max_instances:
                yield problem_at(
                    document,
                    (*path, "max_instances"),
                    "the largest fleet is smaller than the smallest",
                    got=capacity.max_instances,
                    allowed=f"{capacity.min_instances} or more",
                    remedy="raise max_instances",
                )


def _the_automation_can_push(document: Document, stages: StagesSpec) -> Iterator[Problem]:
    if stages.delivery.source is not None:
        return
    for stage in stages.stages:
        if stage.promotion != "by-hand":
            yield problem_at(
                document,
                ("stages", stage.name, "promotion"),
                "nothing releases what was approved: the automation has no repository to push to",
                got=stage.promotion,
                allowed="by-hand without delivery.source",
                remedy="set delivery.source, or promotion: by-hand",
            )


def _the_tier_exists(document: Document, model: ModelSpec, stage: StageSpec) -> Iterator[Problem]:
    if model.endpoint.tier not in stage.capacity:
        yield problem_at(
            document,
            ("endpoint", "tier"),
            f"stage {stage.name} has no such capacity tier",
            got=model.endpoint.tier,
            allowed=", ".join(stage.capacity),
            remedy="use a tier of every stage, or add it to config/stages.yaml",
        )


PLATFORM_PARAMETERS: Final = frozenset(
    {
        "DataUri", "DataVersion", "CodeUri", "SourceHash", "Commit", "ImageUri", "ArtifactsUri",
        "KmsKeyId", "ModelPackageGroupName", "TrainingEnd",
        *(f"{job}{what}" for job in ("Preprocess", "ValidateData", "Train", "Baseline", "Evaluate")
          for what in ("RoleArn", "InstanceType")),
    }
)  # fmt: skip
"""Parameters that every pipeline declares; a hyper-parameter of that name would be a second one."""


_NOT_IN_A_CARD: Final = frozenset('"\\')
"""The pipeline writes a hyper-parameter into the JSON of a card as it is."""


def _hyperparameters_are_no_platform_parameters(
    document: Document, model: ModelSpec
) -> Iterator[Problem]:
    for name in model.pipeline.steps.train.hyperparameters:
        parameter = "".join(part.capitalize() for part in name.split("_"))
        if parameter in PLATFORM_PARAMETERS:
            yield problem_at(
                document,
                ("pipeline", "steps", "train", "hyperparameters", name),
                f"the pipeline has a parameter {parameter} of its own",
                got=name,
                allowed="any other name",
                remedy="rename the hyper-parameter",
            )


def _hyperparameters_fit_into_a_model_card(
    document: Document, model: ModelSpec
) -> Iterator[Problem]:
    for name, value in model.pipeline.steps.train.hyperparameters.items():
        if isinstance(value, str) and (unfit := sorted({*value} & _NOT_IN_A_CARD)):
            yield problem_at(
                document,
                ("pipeline", "steps", "train", "hyperparameters", name),
                f"holds {' and '.join(unfit)}, which would break the text of the model card",
                got=value,
                allowed='text without " and \\',
                remedy="write it otherwise, for instance with '",
            )


_MODEL_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    *MEASURE_RULES,
    _target_is_no_feature,
    _hyperparameters_are_no_platform_parameters,
    _hyperparameters_fit_into_a_model_card,
    *CANARY_RULES,
    *ALARM_RULES,
    *MACHINE_RULES,
    *METADATA_RULES,
    *MONITORING_RULES,
    *BATCH_RULES,
    *PRIVACY_RULES,
)
_FOLDER_RULES: Final[tuple[Callable[[Document, ModelSpec, Path], Iterator[Problem]], ...]] = (
    _name_matches_folder,
    _scripts_exist,
    _modules_have_names_of_their_own,
    *MACHINE_FOLDER_RULES,
    *SCRIPT_RULES,
    *LOCK_RULES,
    sample_problems,
    example_problems,
)
_STAGES_RULES: Final[tuple[Callable[[Document, StagesSpec], Iterator[Problem]], ...]] = (
    _one_stage_trains,
    _stages_share_the_registry_region,
    _capacity_is_ordered,
    *CAPACITY_RULES,
    _the_automation_can_push,
)
_MODEL_STAGE_RULES: Final[
    tuple[Callable[[Document, ModelSpec, StageSpec], Iterator[Problem]], ...]
] = (_the_tier_exists,)
_MODEL_STAGES_RULES: Final = (*TRAFFIC_RULES, *CANARY_STAGES_RULES, *STAGE_PRIVACY_RULES)
_OVERRIDE_RULES: Final = OVERRIDE_RULES
