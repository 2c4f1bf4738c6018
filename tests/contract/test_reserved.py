# ruff: noqa: E501  # each case is one row of a table
"""Names that people choose and names of the platform cannot meet."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mlops.contract import Delivery, Names, Problem, StageSpec, StagesSpec
from mlops.contract.reserved import MODEL_NAMES, PROJECT_NAMES, PURPOSES, STAGE_NAMES
from mlops.contract.vocabulary import ModelName, ProjectName, StageName

Changed = Callable[[str, str, str], list[Problem]]


def _accepts(kind: object, name: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(name)
    except ValidationError:
        return False
    return True


# What each name of a platform is: the kind of thing among which it must be alone, and the pattern
# by which the platform lets itself at what is below it. Names that are parts of others are None.
OF_MODELS: dict[str, tuple[str, Callable[[Names, StageSpec, str], str]] | None] = {
    "model_package_group": ("group", lambda n, _, m: n.model_package_group(m)),
    "model_package_group_arn": ("arn", lambda n, _, m: n.model_package_group_arn(m)),
    "model_packages_arn": ("arn", lambda n, _, m: n.model_packages_arn(m)),
    "model_package_arn": ("arn", lambda n, _, m: n.model_package_arn(m, 1)),
    "pipeline": ("pipeline", lambda n, _, m: n.pipeline(m)),
    "pipeline_arn": ("arn", lambda n, _, m: n.pipeline_arn(m)),
    "endpoint": ("endpoint", lambda n, s, m: n.endpoint(s, m)),
    "rollback_alarms": ("alarm", lambda n, s, m: f"{n.rollback_alarms(s, m)}*"),
    "drift_alarm": ("alarm", lambda n, s, m: f"{n.drift_alarm(s, m)}*"),
    "drift_alarm_arn": ("arn", lambda n, s, m: n.drift_alarm_arn(s, m)),
    "endpoint_parameter": ("parameter", lambda n, s, m: n.endpoint_parameter(s, m)),
    "drift_pipeline": ("pipeline", lambda n, s, m: n.drift_pipeline(s, m)),
    "drift_pipeline_arn": ("arn", lambda n, s, m: n.drift_pipeline_arn(s, m)),
    "batch_pipeline": ("pipeline", lambda n, s, m: n.batch_pipeline(s, m)),
    "batch_pipeline_arn": ("arn", lambda n, s, m: n.batch_pipeline_arn(s, m)),
    "batch_prefix": ("artifacts", lambda n, s, m: f"{n.artifact_bucket(s)}/{n.batch_prefix(m)}/*"),
    "captures": (
        "captures",
        lambda n, s, m: f"{n.capture_bucket(s)}/{n.captures(s, m, 'v').split('/')[0]}/*",
    ),
    "ground_truth": ("captures", lambda n, s, m: f"{n.capture_bucket(s)}/{n.ground_truth(s, m)}/*"),
    "drift_reports": ("captures", lambda n, s, m: f"{n.capture_bucket(s)}/{n.drift_reports(m)}/*"),
    "release_record": ("parameter", lambda n, s, m: n.release_record(s, m)),
    "checks_caller_role": ("role", lambda n, s, m: n.checks_caller_role(s, m)),
    "invoke_policy": ("policy", lambda n, s, m: n.invoke_policy(s, m)),
    "image_repository": ("repository", lambda n, _, m: n.image_repository(m)),
    "image_repository_arn": ("arn", lambda n, _, m: n.image_repository_arn(m)),
    "image_uri": None,
    "data_prefix": ("artifacts", lambda n, s, m: f"{n.artifact_bucket(s)}/{n.data_prefix(m)}*"),
    "data_key": None,
    "data_uri": None,
    "artifacts_prefix": (
        "artifacts",
        lambda n, s, m: f"{n.artifact_bucket(s)}/{n.artifacts_prefix(m)}/*",
    ),
    "step_outputs": (
        "artifacts",
        lambda n, s, m: f"{n.artifact_bucket(s)}/{n.step_outputs(m, 'Train')}",
    ),
    "version_outputs": None,
    "model_dashboard": ("dashboard", lambda n, s, m: n.model_dashboard(s, m)),
}
OF_STAGES: dict[str, str] = {
    "artifact_bucket": "bucket", "capture_bucket": "bucket", "log_bucket": "bucket",
    "key_alias": "alias", "alert_topic": "topic", "release_records_role": "role",
    "checks": "project", "checks_starter_role": "role", "dashboard": "dashboard",
    "fleet_dashboard": "dashboard", "audit_trail": "trail",
}  # fmt: skip
OF_THE_PLATFORM: dict[str, str | None] = {
    "stages": None, "project": None, "event_bus": "bus", "event_bus_arn": "arn",
    "training_bus": "bus", "training_bus_arn": "arn", "release_decisions_role": "role",
    "release_automation_role": "role", "verification_role": "role",
}  # fmt: skip
# Names that constructs derive from an endpoint's: of alarms, stacks, scaling policies.
SUFFIXES = {
    "alarm": ("oncall-latency", "batch-missing-run", "drift-missing-run"),
    "stack": ("training", "serving", "monitoring", "batch", "release-check"),
    "scaling": ("requests",),
}
STAGE_STACKS = ("foundation", "registry", "overview", "checks")


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name, and whose it is: of a project, a stage and a model, as far as they decide it."""

    kind: str
    pattern: str
    owner: tuple[str, ...]

    def covers(self, other: "Named") -> bool:
        """Whether everything, or something, that the other name stands for is this name's."""
        fixed, star, _ = self.pattern.partition("*")
        theirs = other.pattern.partition("*")[0]
        return theirs.startswith(fixed) if star else self.pattern == other.pattern


def _named(names: Names, models: tuple[str, ...]) -> Iterator[Named]:
    for stage, model in product(names.stages.stages, models):
        yield from _of_model(names, stage, model)
    for stage in names.stages.stages:
        yield from _of_stage(names, stage)
    owner = (names.project,)
    for name, kind in OF_THE_PLATFORM.items():
        if kind is not None:
            yield Named(kind=kind, pattern=getattr(names, name), owner=owner)
    for kind, pattern in _of_delivery(names.project):
        yield Named(kind=kind, pattern=pattern, owner=owner)


def _of_model(names: Names, stage: StageSpec, model: str) -> Iterator[Named]:
    for found in OF_MODELS.values():
        if found is not None:
            kind, pattern = found
            varies = pattern(names, stage, model) != pattern(names, _OTHER, model)
            yield Named(
                kind=kind,
                pattern=pattern(names, stage, model),
                owner=(names.project, stage.name if varies else "", model),
            )
    for kind, suffixes in SUFFIXES.items():
        for suffix in suffixes:
            yield Named(
                kind=kind,
                pattern=f"{names.endpoint(stage, model)}-{suffix}",
                owner=(names.project, stage.name, model),
            )


def _of_stage(names: Names, stage: StageSpec) -> Iterator[Named]:
    owner = (names.project, stage.name)
    for name, kind in OF_STAGES.items():
        yield Named(kind=kind, pattern=getattr(names, name)(stage), owner=owner)
    for suffix in STAGE_STACKS:
        yield Named(kind="stack", pattern=f"{names.project}-{stage.name}-{suffix}", owner=owner)


def _of_delivery(project: str) -> Iterator[tuple[str, str]]:
    """What constructs of the delivery account name by themselves."""
    yield "stack", f"{project}-delivery"
    yield "topic", f"{project}-delivery-alerts"
    yield "alias", f"alias/{project}-delivery"
    yield "project", f"{project}-release-automation"


def _stage(name: str, *, trains: bool) -> StageSpec:
    """A stage by any name, the refused ones as well."""
    return StageSpec.model_construct(
        name=name, account="2" * 12, region="eu-west-1", trains=trains, capacity={}
    )


_OTHER = _stage("another0", trains=False)


def _platform(project: str, stages: tuple[str, ...]) -> Names:
    """All stages and the delivery share one account: nothing else keeps their names apart."""
    found = tuple(_stage(name, trains=at == 0) for at, name in enumerate(stages))
    delivery = Delivery(account="2" * 12, region="eu-west-1")
    return Names(
        stages=StagesSpec.model_construct(project=project, delivery=delivery, stages=found)
    )


def _meetings(
    projects: tuple[str, ...], stages: tuple[str, ...], models: tuple[str, ...]
) -> list[tuple[Named, Named]]:
    every = [one for name in projects for one in _named(_platform(name, stages), models)]
    return [
        (one, other)
        for one in every
        for other in every
        if one.kind == other.kind and one.owner != other.owner and one.covers(other)
    ]


# Names out of few letters and of the platform's own words: the worst that people can choose.
_WORDS = st.sampled_from(("a", "b", "prod", "model", "checks", *PURPOSES, *STAGE_NAMES, "mlops"))
_JOINED = st.lists(_WORDS, min_size=1, max_size=3).map("-".join).filter(lambda one: len(one) <= 24)
_MODELS = st.one_of(st.sampled_from(MODEL_NAMES), _JOINED)


@given(
    projects=st.lists(
        _JOINED.filter(lambda one: _accepts(ProjectName, one)), min_size=1, max_size=2, unique=True
    ),
    stages=st.lists(
        _WORDS.filter(lambda one: _accepts(StageName, one)), min_size=1, max_size=2, unique=True
    ),
    models=st.lists(
        _MODELS.filter(lambda one: _accepts(ModelName, one)), min_size=1, max_size=3, unique=True
    ),
)
def test_no_two_names_that_are_accepted_cover_each_other(
    projects: list[str], stages: list[str], models: list[str]
) -> None:
    assert _meetings(tuple(projects), tuple(stages), tuple(models)) == []


@pytest.mark.parametrize(
    ("projects", "stages", "models"),
    [
        (("mlops",), ("prod",), ("bike", "monitoring")),
        (("mlops",), ("prod",), ("bike", "ground-truth")),
        (("mlops",), ("prod",), ("bike", "bike-rollback")),
        (("mlops",), ("prod",), ("bike", "bike-rollback-x")),
        (("mlops",), ("prod",), ("bike", "bike-drift")),
        (("mlops", "mlops-prod"), ("prod", "bike"), ("bike-x", "x")),
        (("mlops",), ("delivery",), ("bike",)),
    ],
)  # fmt: skip
def test_what_is_refused_would_meet(
    projects: tuple[str, ...], stages: tuple[str, ...], models: tuple[str, ...]
) -> None:
    accepted = (
        all(_accepts(ProjectName, one) for one in projects)
        and all(_accepts(StageName, one) for one in stages)
        and all(_accepts(ModelName, one) for one in models)
    )

    assert _meetings(projects, stages, models) != []
    assert not accepted


def test_every_name_of_a_platform_is_tried_here() -> None:
    public = {name for name, _ in inspect.getmembers(Names) if not name.startswith("_")}

    assert public | {"stages"} == OF_MODELS.keys() | OF_STAGES.keys() | OF_THE_PLATFORM.keys()


@pytest.mark.parametrize("word", [*PURPOSES])
def test_a_purpose_is_a_first_word_and_no_later_one(word: str) -> None:
    assert _accepts(ModelName, f"{word}-bike") is True
    assert _accepts(ModelName, f"bike-{word}s") is True
    assert _accepts(ModelName, f"bike-{word}") is False
    assert _accepts(ModelName, f"bike-{word}-new") is False


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "reason"),
    [
        ("stages.yaml", "delivery:", "project: a-b\ndelivery:", "project", "project name of one word"),
        *(("stages.yaml", "delivery:", f"project: {one}\ndelivery:", "project", f"{one} is reserved") for one in (*PROJECT_NAMES, "aws", "ssm")),
        *(("stages.yaml", "  dev:", f"  {one}:", f"stages.{one}", f"{one} is reserved") for one in STAGE_NAMES),
        ("model.yaml", "name: bike-demand", "name: bike-rollback", "name", "rollback is reserved"),
        *(("model.yaml", "name: bike-demand", f"name: {one}", "name", f"{one} is reserved") for one in MODEL_NAMES),
    ],
)  # fmt: skip
def test_a_reserved_name_is_refused_with_the_reason(
    changed: Changed, *, file: str, old: str, new: str, key: str, reason: str
) -> None:
    found = [problem for problem in changed(file, old, new) if problem.key == key]

    assert any(reason in problem.problem for problem in found)
    assert all(problem.allowed and problem.remedy for problem in found)
