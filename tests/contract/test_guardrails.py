# ruff: noqa: E501  # each case is one row of a table
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import ContractError, Problem, guardrails, load_platform
from mlops.contract.instance_types import has_instance_store, instance_types
from mlops.contract.registry_metadata import PLATFORM_METADATA

Changed = Callable[[str, str, str], list[Problem]]

CANARY = "canary: {size_percent: 10, bake_minutes: 10, final_bake_minutes: 10}"
TYPE = "endpoint:\n"

TARGET = "  target: demand\n"
WEATHER = "{field: weather, names: {Clear: dry, Rain: wet}}"


def custom(keys: str) -> str:
    """The canary with a metric of the model's own."""
    metric = f"{{name: stale, namespace: Bikes/Serving, metric: Stale, {keys}}}"
    return f"{{alarms: {{metrics: [{metric}]}}, size_percent: 10"


# rule, file, text to replace, replacement, key, part of the message
CASES = [
    ("_gates_name_known_metrics", "model.yaml", "metric: r2,", "metric: auc,", "gates[0].metric", "no such metric"),
    ("_gates_are_said_once", "model.yaml", "gates:\n", "gates:\n  - {metric: r2, comparison: at_least, threshold: 0.9}\n", "gates[1]", "gated twice"),
    ("_thresholds_can_decide", "model.yaml", "threshold: 0.8", "threshold: 80", "gates[0].threshold", "never has this value"),
    ("_thresholds_can_decide", "model.yaml", "threshold: 40", "threshold: -1", "gates[1].threshold", "never has this value"),
    ("_gates_ask_for_the_better_side", "model.yaml", "at_least", "at_most", "gates[0].comparison", "a good r2 is high"),
    ("_gates_ask_for_the_better_side", "model.yaml", "rmse, comparison: at_most", "rmse, comparison: at_least", "gates[1].comparison", "a good rmse is low"),
    ("_groups_are_predicted_yes_or_no", "model.yaml", TARGET, f"{TARGET}  groups: [{WEATHER}]\n", "problem.groups", "this problem has none"),
    ("_each_field_divides_once", "model.yaml", TARGET, f"{TARGET}  groups: [{WEATHER}, {WEATHER}]\n", "problem.groups[1].field", "twice"),
    ("_groups_are_values_of_a_request", "model.yaml", TARGET, TARGET + "  groups: [{field: hour, names: {'1': a, '2': b}}]\n", "problem.groups[0].field", "divided by this field"),
    ("_groups_are_values_of_a_request", "model.yaml", TARGET, TARGET + "  groups: [{field: race, names: {'1': a, '2': b}}]\n", "problem.groups[0].field", "divided by this field"),
    ("_groups_are_values_of_a_request", "model.yaml", TARGET, TARGET + "  groups: [{field: weather, names: {Clear: dry, Snow: white}}]\n", "problem.groups[0].names", "'Rain' is without a name"),
    ("_groups_are_values_of_a_request", "model.yaml", TARGET, TARGET + "  groups: [{field: weather, names: {Clear: dry, Rain: wet, Snow: x}}]\n", "problem.groups[0].names", "'Snow' is not a value"),
    ("_metadata_are_not_the_platforms", "model.yaml", "{team: rides}", "{team: rides, commit: abc}", "registry.metadata.commit", "writes this key itself"),
    ("_target_is_no_feature", "model.yaml", "name: hour", "name: demand", "schema.input[0].name", "would read the answer"),
    ("_hyperparameters_are_no_platform_parameters", "model.yaml", "depth: 6", "data_uri: 6", "pipeline.steps.train.hyperparameters.data_uri", "parameter DataUri of its own"),
    ("_hyperparameters_fit_into_a_model_card", "model.yaml", "depth: 6", "depth: 'say \"six\"'", "pipeline.steps.train.hyperparameters.depth", "break the text of the model card"),
    ("_canary_protects", "model.yaml", "size_percent: 10", "size_percent: 60", "endpoint.canary.size_percent", "refuses this share"),
    ("_canary_protects", "model.yaml", "{size_percent: 10", "{alarms: {period_seconds: 300}, size_percent: 10", "endpoint.canary.bake_minutes", "shorter than the alarm"),
    ("_alarms_can_fire", "model.yaml", "{size_percent: 10", "{alarms: {latency_p99_ms: 60000}, size_percent: 10", "endpoint.canary.alarms.latency_p99_ms", "protects nothing"),
    ("_alarms_can_fire", "model.yaml", TYPE, TYPE + "  latency_p99_ms: 45000\n", "endpoint.latency_p99_ms", "protects nothing"),
    ("_custom_metrics_can_exceed_their_threshold", "model.yaml", "{size_percent: 10", custom("threshold: 1, highest: 1, statistic: Maximum"), "endpoint.canary.alarms.metrics[0].threshold", "can never fire"),
    ("_custom_metrics_can_exceed_their_threshold", "model.yaml", "{size_percent: 10", custom("threshold: 1.5"), "endpoint.canary.alarms.metrics[0].threshold", "if Stale reports 0 and 1"),
    ("_alarms_see_the_regression_that_a_canary_must_catch", "model.yaml", "{size_percent: 10", "{alarms: {latency_p99_ms: 1000}, size_percent: 10", "endpoint.canary.alarms.latency_p99_ms", "looser than the objective"),
    ("_alarms_see_the_regression_that_a_canary_must_catch", "model.yaml", "{size_percent: 10", "{alarms: {model_error_ratio: 0.05}, size_percent: 10", "endpoint.canary.alarms.model_error_ratio", "fails 5% of its requests"),
    ("_machines_run_the_images_architecture", "model.yaml", TYPE, TYPE + "  instance_type: ml.c7g.large\n", "endpoint.instance_type", "is arm64"),
    ("_capacity_runs_the_images_architecture", "stages.yaml", "ml.m5.large", "ml.m6gd.large", "stages.dev.capacity.standard.instance_type", "is arm64"),
    ("_accelerators_have_an_image_that_uses_them", "model.yaml", "instance_type: ml.m5.large", "instance_type: ml.p3.2xlarge", "pipeline.steps.train.instance_type", "no driver for it"),
    ("_accelerators_have_an_image_that_uses_them", "model.yaml", TYPE, "batch: {on_new_input: true, instance_type: ml.p3.2xlarge}\n" + TYPE, "batch.instance_type", "no driver for it"),
    ("_monitored_fields_exist", "model.yaml", TYPE, "monitoring: {ignored: [ghost]}\n" + TYPE, "monitoring.ignored[0]", "no such field"),
    ("_monitored_fields_exist", "model.yaml", TYPE, "monitoring: {compare_within: ghost}\n" + TYPE, "monitoring.compare_within", "no such field"),
    ("_monitored_fields_exist", "model.yaml", TYPE, "monitoring: {labels: {prediction: ghost}}\n" + TYPE, "monitoring.labels.prediction", "no such field"),
    ("_limits_name_known_metrics", "model.yaml", TYPE, "monitoring: {labels: {prediction: rentals}, limits: [{metric: auc, comparison: at_least, threshold: 1}]}\n" + TYPE, "monitoring.limits[0].metric", "no such metric"),
    ("_a_missing_run_can_be_noticed", "model.yaml", TYPE, "monitoring: {schedule: cron(0 6 ? * MON *)}\n" + TYPE, "monitoring.schedule", "would not be detected"),
    ("_what_is_monitored_is_captured", "model.yaml", TYPE, TYPE + "  capture: {enabled: false}\n", "endpoint.capture.enabled", "nothing to read"),
    ("_personal_fields_exist", "model.yaml", TYPE, TYPE + "  capture: {personal_fields: [ghost]}\n", "endpoint.capture.personal_fields[0]", "no such field"),
    ("_personal_fields_are_not_captured", "model.yaml", TYPE, TYPE + "  capture: {personal_fields: [weather]}\n", "endpoint.capture.personal_fields", "nothing can leave a field out"),
    ("_production_knows_what_is_personal", "stages.yaml", "trains: true", "trains: true\n    production: true", "endpoint.capture.personal_fields", "dev is production"),
    ("_a_batch_fits_into_its_machines", "model.yaml", TYPE, "batch: {on_new_input: true, max_payload_mb: 60, concurrent_requests: 2}\n" + TYPE, "batch.max_payload_mb", "would hold 120 MB"),
    ("_name_matches_folder", "model.yaml", "name: bike-demand", "name: bikes", "name", "the folder is named"),
    ("_one_stage_trains", "stages.yaml", "trains: true", "trains: false", "stages", "exactly one stage trains"),
    ("_one_stage_trains", "stages.yaml", "    network:", "    trains: true\n    network:", "stages", "exactly one stage trains"),
    ("_stages_share_the_registry_region", "stages.yaml", '"333333333333"\n    region: eu-west-1', '"333333333333"\n    region: us-east-1', "stages.prod.region", "are regional"),
    ("_stages_share_the_registry_region", "stages.yaml", '"111111111111", region: eu-west-1', '"111111111111", region: us-east-1', "delivery.region", "the images are regional"),
    ("_capacity_is_ordered", "stages.yaml", "max_instances: 4", "max_instances: 1", "stages.dev.capacity.standard.max_instances", "smaller than the smallest"),
    ("_the_automation_can_push", "stages.yaml", "trains: true", "trains: true\n    promotion: on-approval", "stages.dev.promotion", "no repository to push to"),
    ("_the_tier_exists", "model.yaml", TYPE, TYPE + "  tier: large\n", "endpoint.tier", "no such capacity tier"),
    ("_the_stage_can_run_the_canary", "stages.yaml", "min_instances: 2", "min_instances: 1", "endpoint.canary", "needs 2 instances"),
    ("_the_stage_can_run_the_canary", "model.yaml", TYPE, TYPE + "  instance_type: ml.inf1.xlarge\n", "endpoint.canary.strategy", "silently deploys all at once"),
    ("_the_stage_canary_protects", "stages.yaml", "bake_minutes: 15", "bake_minutes: 2", "stages.prod.canary.bake_minutes", "shorter than the alarm"),
    ("_callers_are_of_stages_before_the_last", "model.yaml", TYPE, TYPE + "  stage_requests_per_minute: {moon: 3}\n", "endpoint.stage_requests_per_minute.moon", "there is no such stage"),
    ("_callers_are_of_stages_before_the_last", "model.yaml", TYPE, TYPE + "  stage_requests_per_minute: {dev: 3, prod: 3}\n", "endpoint.stage_requests_per_minute.prod", "the last stage's traffic is expected_requests_per_minute"),
    ("_the_stage_can_run_the_canary", "model.yaml", "canary: {size_percent: 10", "canary: {minimum_invocations: 5000, size_percent: 10", "endpoint.canary.minimum_invocations", "every release in stage dev would be inconclusive"),
    ("sample_problems", "model.yaml", "target: demand", "target: ghost", "problem.target", "no such column"),
    ("example_problems", "model.yaml", "max: 23", "max: 2", "hour", "above 2"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}: {case[3][:30]}")
def test_a_setting_that_protects_nobody_is_refused_at_its_key(
    changed: Changed, case: tuple[str, ...]
) -> None:
    _, file, old, new, key, message = case

    found = [problem for problem in changed(file, old, new) if problem.key == key]

    assert any(message in problem.problem for problem in found)
    assert all(problem.line is not None for problem in found)


def test_every_rule_is_exercised_by_a_failing_case_and_passes_a_valid_platform(
    repository: Path,
) -> None:
    rules = {rule.__name__ for group in _groups() for rule in group}

    of_folders = {
        "_scripts_exist", "_modules_have_names_of_their_own", "_scripts_are_python",
        "_the_server_finds_its_functions", "_hyperparameters_are_those_that_train_reads",
        "_the_lock_has_what_is_asked_for", "_the_lock_has_what_is_imported",
            "_no_module_hides_another",
    }  # fmt: skip
    assert rules - {case[0] for case in CASES} == of_folders
    assert load_platform(repository).model_names == ("bike-demand",)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}: {case[3][:30]}")
def test_each_case_is_caught_by_its_rule_alone(
    monkeypatch: pytest.MonkeyPatch, changed: Changed, case: tuple[str, ...]
) -> None:
    rule, file, old, new, key, message = case
    groups = ("_MODEL_RULES", "_FOLDER_RULES", "_STAGES_RULES", "_MODEL_STAGE_RULES")
    for name in (*groups, "_MODEL_STAGES_RULES", "_OVERRIDE_RULES"):
        kept = tuple(r for r in getattr(guardrails, name) if r.__name__ != rule)
        monkeypatch.setattr(guardrails, name, kept)

    found = changed(file, old, new)

    assert not [p for p in found if p.key == key and message in p.problem]


@pytest.mark.parametrize("name", PLATFORM_METADATA)
def test_no_metadata_that_the_registration_writes_may_be_named(changed: Changed, name: str) -> None:
    found = changed("model.yaml", "{team: rides}", f"{{team: rides, {name}: mine}}")

    assert [problem.key for problem in found] == [f"registry.metadata.{name}"]


@pytest.mark.parametrize("name", guardrails.MODEL_FILES)
def test_a_model_lacking_one_of_its_files_is_told_which(
    repository: Path, problems: Callable[[], list[Problem]], name: str
) -> None:
    (repository / "model_code/bike_demand" / name).unlink()

    found = [p.problem for p in problems() if p.file.endswith("model.yaml")]

    assert found == [f"the model's folder lacks {name}"]


@pytest.mark.parametrize("name", guardrails.PACKED_MODULES)
def test_a_module_that_the_archive_would_hide_is_refused(
    repository: Path, problems: Callable[[], list[Problem]], name: str
) -> None:
    (repository / "model_code/bike_demand" / name).write_text("")

    assert [problem.got for problem in problems()] == [f"'bike_demand/{name}'"]


def test_a_package_that_the_archive_would_hide_is_refused(
    repository: Path, problems: Callable[[], list[Problem]]
) -> None:
    (repository / "model_code/bike_demand/jobs").mkdir()

    assert [problem.got for problem in problems()] == ["'bike_demand/jobs'"]


def test_two_models_cannot_share_a_name(repository: Path) -> None:
    twin = repository / "model_code" / "twin"
    (repository / "model_code/bike_demand").rename(twin)
    (repository / "model_code/bike_demand").mkdir()
    for path in twin.rglob("*"):
        target = repository / "model_code/bike_demand" / path.relative_to(twin)
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())

    with pytest.raises(ContractError, match="two models never share a name"):
        load_platform(repository)


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("bike-demand: {", "ghost: {", "releases.ghost", "no such model"),
        ("dev: 3", "test: 3", "releases.bike-demand.test", "no such stage"),
        ("mlops-bike-demand/2", "mlops-other/2", "releases.bike-demand.prod", "not a version of this model"),
        ("222222222222", "999999999999", "releases.bike-demand.prod", "not a version of this model"),
        ("sagemaker:eu-west-1", "sagemaker:us-east-1", "releases.bike-demand.prod", "not a version of this model"),
    ],
)  # fmt: skip
def test_a_release_names_an_existing_model_stage_and_package(
    changed: Changed, old: str, new: str, key: str, message: str
) -> None:
    assert any(p.key == key and message in p.problem for p in changed("releases.yaml", old, new))


def test_without_a_training_stage_packages_and_regions_cannot_be_compared(changed: Changed) -> None:
    found = changed("stages.yaml", "trains: true", "trains: false")

    assert [problem.key for problem in found] == ["stages"]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (CANARY.replace("size", "strategy: all-at-once, size"), []),
        (CANARY.replace("10", "60", 1), ["endpoint.canary.size_percent"]),
    ],
)
def test_an_unguarded_endpoint_may_start_with_one_instance(
    changed: Changed, new: str, expected: list[str]
) -> None:
    assert [problem.key for problem in changed("model.yaml", CANARY, new)] == expected


def test_all_at_once_frees_small_and_inf1_endpoints(changed: Changed, repository: Path) -> None:
    (repository / "model_code/bike_demand/Dockerfile").write_text("FROM neuron\n")
    changed("stages.yaml", "min_instances: 2", "min_instances: 1")
    changed("stages.yaml", "min_instances: 2", "min_instances: 1")
    changed("model.yaml", "canary: {", "instance_type: ml.inf1.xlarge\n  canary: {")

    assert changed("model.yaml", "canary: {", "canary: {strategy: all-at-once, ") == []


def test_a_mistake_that_every_stage_finds_is_told_once(changed: Changed) -> None:
    found = changed("model.yaml", "{size_percent: 10", "{size_percent: 60")

    assert [problem.key for problem in found] == ["endpoint.canary.size_percent"]


def _groups() -> tuple[tuple[Callable[..., object], ...], ...]:
    return (
        guardrails._MODEL_RULES,
        guardrails._FOLDER_RULES,
        guardrails._STAGES_RULES,
        guardrails._MODEL_STAGE_RULES,
        guardrails._MODEL_STAGES_RULES,
        guardrails._OVERRIDE_RULES,
    )


# Amazon EC2 instance types, "Instance store specifications": of the families that SageMaker has.
STORED = {
    *("c5d", "c6gd", "m5d", "m6gd", "r5d", "r6gd", "r7gd"),
    *("dl1", "g4dn", "g5", "g6", "g6e", "g7", "g7e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en"),
    *("p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2"),
}
PLAIN = {
    *("c4", "c5", "c5n", "c6g", "c6gn", "c6i", "c6in", "c7g", "c7i", "c7i-flex", "c8g", "c8i"),
    *("c8i-flex", "inf1", "inf2", "m4", "m5", "m6g", "m6i", "m7i", "m7i-flex", "m8g", "m8i"),
    *("m8i-flex", "p2", "p3", "r5", "r6g", "r6i", "r7i", "r8g", "r8i", "r8i-flex", "t2", "t3"),
}


def test_local_storage_is_told_by_the_family_of_every_type_that_sagemaker_has() -> None:
    purposes = ("processing", "training", "hosting", "transform")
    known = {name for purpose in purposes for name in instance_types(purpose)}

    families = {name.split(".")[1] for name in known}
    stored = {name.split(".")[1] for name in known if has_instance_store(name)}

    assert families == STORED | PLAIN
    assert stored == STORED
