"""What `cdk synth` refuses because of a value in a file, `mlops validate` refuses first."""

import contextlib
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mlops.contract import ContractError, Problem, load_platform
from mlops.pipeline import load_source
from tests.validation.choices import Place, places
from tests.validation.configurations import (
    FOLDER,
    MODEL,
    REMOVED,
    ROOT,
    Pair,
    Variant,
    original_definition,
    pairs,
    rich_files,
    stale,
    stamped,
    variants,
    written,
)

FILES = rich_files()
VARIANTS = variants(FILES)
# `make test-nightly` synthesizes the whole walk; these are a sample that is the same each time.
SOME = random.Random(1).sample(VARIANTS, 120)
SYNTHESIZED_EACH_TIME = 8
PARTS = 24
"""Of the walk, each synthesized for itself; a quarter of them in a run of all tests."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the example model, whose three files are written anew for each variant."""
    root = tmp_path_factory.mktemp("verdicts")
    ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
    shutil.copytree(ROOT / FOLDER, root / FOLDER, ignore=ignored)
    (root / "requirements").symlink_to(ROOT / "requirements")
    return root


@pytest.fixture(scope="module")
def problems_of(repository: Path) -> Callable[[Variant | Pair], tuple[Problem, ...]]:
    """What `mlops validate` says of a variant."""
    definition = original_definition()

    def problems(variant: Variant | Pair) -> tuple[Problem, ...]:
        written(variant.applied_to(FILES), repository)
        try:
            platform = load_platform(repository)
        except ContractError as error:
            return error.problems
        return stale(platform.model(MODEL), definition)

    return problems


@pytest.fixture(scope="module")
def synthesize_here(
    repository: Path, cdk_context: dict[str, Any]
) -> Callable[[dict[str, Any]], None]:
    """Synthesizes three files as `app.py` does, in this process; a refusal raises."""
    import aws_cdk as cdk

    from mlops_constructs.validation.plugin import add_validation
    from stacks.stage import add_stages

    definition = original_definition()

    def synthesize(files: dict[str, Any]) -> None:
        written(files, repository)
        platform = load_platform(repository)
        stamped(repository, platform.model(MODEL), definition)
        folder = repository / "cdk.out"
        shutil.rmtree(folder, ignore_errors=True)
        app = cdk.App(
            builtin_cloud_formation_validation=False, context=cdk_context, outdir=str(folder)
        )
        sources = [load_source(platform, platform.model(MODEL), repository / "build")]
        add_stages(app, platform=platform, sources=sources)
        add_validation(app)
        app.synth()

    return synthesize


def test_every_optional_block_of_the_files_together_is_synthesized(
    synthesize_here: Callable[[dict[str, Any]], None],
) -> None:
    synthesize_here(FILES)


def test_the_walk_reaches_every_file_and_both_verdicts(
    problems_of: Callable[[Variant | Pair], tuple[Problem, ...]],
) -> None:
    refused = [variant for variant in SOME if problems_of(variant)]

    assert {variant.file for variant in VARIANTS} == {"model", "stages", "releases"}
    assert 0.2 < len(refused) / len(SOME) < 0.8


def test_every_problem_says_where_what_is_allowed_and_what_to_do(
    problems_of: Callable[[Variant | Pair], tuple[Problem, ...]],
) -> None:
    assert _incomplete(SOME, problems_of) == []


@pytest.mark.full
def test_every_problem_of_the_whole_walk_does(
    problems_of: Callable[[Variant | Pair], tuple[Problem, ...]],
) -> None:
    assert _incomplete(VARIANTS, problems_of) == []


def _incomplete(
    chosen: list[Variant], problems_of: Callable[[Variant | Pair], tuple[Problem, ...]]
) -> list[tuple[str, str]]:
    return [
        (str(variant), str(problem))
        for variant in chosen
        for problem in problems_of(variant)
        if not _is_complete(problem)
    ]


def _is_complete(problem: Problem) -> bool:
    """File, line, key, and what to do; what was found and what is allowed, unless a key lacks."""
    placed = bool(problem.file and problem.line and problem.key and problem.remedy)
    if problem.problem == "required key is missing":
        return placed
    return placed and problem.got is not None and bool(problem.allowed)


def _refused_late(
    chosen: Sequence[Variant | Pair], synthesize: Callable[[dict[str, Any]], None]
) -> list[tuple[str, str]]:
    late = []
    for variant in chosen:
        try:
            synthesize(variant.applied_to(FILES))
        except Exception as error:  # noqa: BLE001  # CDK, jsii and the plugins refuse in their own ways
            late.append((str(variant), str(error)[:300]))
    return late


def test_what_is_accepted_is_synthesized(
    problems_of: Callable[[Variant | Pair], tuple[Problem, ...]],
    synthesize_here: Callable[[dict[str, Any]], None],
) -> None:
    accepted = [variant for variant in SOME if not problems_of(variant)]

    assert _refused_late(accepted[:SYNTHESIZED_EACH_TIME], synthesize_here) == []


@pytest.mark.full
@pytest.mark.sweep(cases=6)
@pytest.mark.parametrize("part", range(PARTS))
def test_everything_that_is_accepted_is_synthesized(
    problems_of: Callable[[Variant | Pair], tuple[Problem, ...]],
    synthesize_here: Callable[[dict[str, Any]], None],
    part: int,
) -> None:
    accepted = [variant for variant in VARIANTS[part::PARTS] if not problems_of(variant)]

    assert accepted
    assert _refused_late(accepted, synthesize_here) == []


@pytest.mark.full
def test_a_choice_that_takes_two_keys_is_synthesized(
    problems_of: Callable[[Variant | Pair], tuple[Problem, ...]],
    synthesize_here: Callable[[dict[str, Any]], None],
) -> None:
    removed = [
        variant
        for variant in VARIANTS
        if variant.file == "stages"
        and variant.value is REMOVED
        and _needs_another(problems_of(variant))
    ]
    refused = [pair for pair in pairs(removed, VARIANTS) if problems_of(pair.other)]

    accepted = [pair for pair in refused if not problems_of(pair)]

    assert ("delivery", "source", "connection") in {pair.removed.path for pair in accepted}
    assert _refused_late(accepted, synthesize_here) == []


def _needs_another(problems: Sequence[Problem]) -> bool:
    """That an optional key was taken away which another key's value asks for."""
    return bool(problems) and all(
        problem.problem != "required key is missing" for problem in problems
    )


CODECOMMIT: dict[str, Any] = {"repository": "sagemaker-mlops", "connection": REMOVED}
SLACK: dict[str, Any] = {"emails": REMOVED}
MAIL: dict[str, Any] = {"slack": REMOVED}


@pytest.mark.parametrize(
    ("delivery", "source", "notifications", "stage"),
    [
        (
            {},
            CODECOMMIT | {"credentials": REMOVED},
            MAIL,
            {"promotion": "pull-request", "checks": [], "network": REMOVED},
        ),
        (
            {"account": "222222222222", "images": REMOVED},
            CODECOMMIT | {"branch": "live"},
            SLACK,
            {"approval": "automatic", "promotion": REMOVED, "permissions_boundary": REMOVED},
        ),
        (
            {"account": "222222222222", "notifications": REMOVED},
            {"credentials": REMOVED},
            {},
            {"promotion": "by-hand", "checks": ["smoke"]},
        ),
    ],
    ids=["codecommit by its role", "codecommit in one account", "connection alone"],
)
def test_each_kind_of_delivery_is_synthesized(
    synthesize_here: Callable[[dict[str, Any]], None],
    delivery: dict[str, Any],
    source: dict[str, Any],
    notifications: dict[str, Any],
    stage: dict[str, Any],
) -> None:
    files = FILES
    places: dict[tuple[str, ...], dict[str, Any]] = {
        ("delivery", "source"): source,
        ("delivery", "notifications"): notifications,
        ("stages", "dev"): stage,
        ("delivery",): delivery,
    }
    for place, changes in places.items():
        for key, value in changes.items():
            files = Variant(file="stages", path=(*place, key), value=value).applied_to(files)

    synthesize_here(files)


SLOW: dict[str, Any] = {"bake_minutes": 60, "final_bake_minutes": 60}
BESIDE: dict[str, tuple[Variant, ...]] = {
    # Steps of ten percent take longer than the time that the rich configuration allows.
    "CanarySpec.strategy": (
        Variant(file="model", path=("endpoint", "canary", "timeout_minutes"), value=REMOVED),
    ),
    "CanaryOverrides.strategy": (
        Variant(file="model", path=("endpoint", "canary", "timeout_minutes"), value=REMOVED),
    ),
    # A longer period needs a longer bake.
    "CanaryAlarms.period_seconds": (
        Variant(file="model", path=("endpoint", "canary", "timeout_minutes"), value=REMOVED),
        *(
            Variant(file="model", path=("endpoint", "canary", key), value=value)
            for key, value in SLOW.items()
        ),
        *(
            Variant(file="stages", path=("stages", "dev", "canary", key), value=value)
            for key, value in SLOW.items()
        ),
    ),
}
"""Keys that have to go with another value of a choice."""
EVERY_CHOICE = places(FILES)
EVERY_BRANCH = {(place.choice, value) for place in EVERY_CHOICE for value in place.values}
STRATEGIES = [
    (place, value)
    for place in EVERY_CHOICE
    for value in place.values
    if place.choice.endswith(".strategy")
]


@pytest.fixture(scope="module")
def shipped() -> set[tuple[str, Any]]:
    """The branches on which the repository's own configuration stands."""
    yaml = YAML(typ="safe", pure=True)
    stages = {"stages": yaml.load((ROOT / "config" / "stages.yaml").read_text("utf-8"))}
    models = [
        {"model": yaml.load(path.read_text("utf-8"))}
        for path in sorted((ROOT / "model_code").glob("*/model.yaml"))
    ]
    return {(one.choice, one.written) for files in (stages, *models) for one in places(files)}


def _with(place: Place, value: Any) -> dict[str, Any]:
    files = place.variant(value).applied_to(FILES)
    for other in BESIDE.get(place.choice, ()):
        files = other.applied_to(files)
    return files


def test_every_branch_of_every_choice_is_accepted_in_some_configuration(
    repository: Path, shipped: set[tuple[str, Any]]
) -> None:
    """What is accepted alone is synthesized by the walk, what is shipped with the repository."""
    accepted = set(shipped)
    for place in EVERY_CHOICE:
        for value in place.values:
            if (place.choice, value) in accepted:
                continue
            written(_with(place, value), repository)
            with contextlib.suppress(ContractError):
                load_platform(repository)
                accepted.add((place.choice, value))

    assert len({choice for choice, _ in EVERY_BRANCH}) > 10
    assert EVERY_BRANCH - accepted == set()


@pytest.mark.parametrize(
    ("place", "value"),
    STRATEGIES,
    ids=[f"{place.choice}-{value}" for place, value in STRATEGIES],
)
def test_each_strategy_is_synthesized(
    synthesize_here: Callable[[dict[str, Any]], None], place: Place, value: str
) -> None:
    synthesize_here(_with(place, value))


@pytest.mark.full
def test_each_choice_that_takes_other_keys_is_synthesized(
    synthesize_here: Callable[[dict[str, Any]], None],
) -> None:
    for place in EVERY_CHOICE:
        if place.choice in BESIDE and not place.choice.endswith(".strategy"):
            for value in place.values:
                synthesize_here(_with(place, value))
