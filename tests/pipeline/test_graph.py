"""The step graph: order, arguments, and what is left to parameters."""

import pytest

from mlops.contract import ModelSpec
from mlops.contract.guardrails import PLATFORM_PARAMETERS
from mlops.pipeline import graph_of, tunable_defaults
from mlops.pipeline.naming import camel_case
from mlops.pipeline.steps import (
    ExecutionValue,
    FunctionOutput,
    Graph,
    JobOutput,
    Joined,
    LambdaStep,
    ParameterValue,
    ProcessingStep,
    TrainedModel,
    TrainingStep,
)


@pytest.fixture
def graph(spec: ModelSpec) -> Graph:
    return graph_of(spec)


def step(graph: Graph, name: str):
    return next(found for found in graph.steps if found.name == name)


def test_a_model_is_prepared_checked_trained_compared_and_gated(graph):
    names = [found.name for found in graph.steps]

    assert names == [
        "Preprocess", "ValidateData", "Train", "Baseline", "FindOrigin", "FindApproved",
        "Evaluate", "Gate",
    ]  # fmt: skip


def test_training_waits_for_the_data_checks_although_it_reads_nothing_of_them(graph):
    train = step(graph, "Train")

    assert train.after == ("ValidateData",)


def test_the_data_version_is_an_argument_so_that_changed_data_is_never_cached(graph):
    arguments = step(graph, "Preprocess").arguments

    assert arguments[arguments.index("--data-version") + 1] == ParameterValue("DataVersion")


def test_the_end_of_training_is_an_argument_so_that_another_one_is_never_cached(graph):
    arguments = step(graph, "Preprocess").arguments

    assert arguments[arguments.index("--training-end") + 1] == ParameterValue("TrainingEnd")


@pytest.mark.parametrize(
    ("data", "default"),
    [({}, "none"), ({"training_end": "2012-01-01"}, "2012-01-01")],
)
def test_training_ends_where_the_contract_says_or_nowhere(make_spec, data, default):
    known = {"sample": "data/rides.csv.gz", "version": "a" * 64}

    assert tunable_defaults(make_spec(data=known | data))["TrainingEnd"] == default


def test_no_parameter_says_who_or_what_started_an_execution_or_what_becomes_of_its_version(graph):
    names = {parameter.name for parameter in graph.parameters}

    assert names.isdisjoint({"ApprovalStatus", "Trigger", "TriggerEvidence", "StartedBy"})
    assert step(graph, "FindOrigin").inputs["Execution"] == ExecutionValue("PipelineExecutionArn")


def test_the_data_is_recorded_by_the_platforms_code_before_the_models_own_reads_it(graph):
    preprocess = step(graph, "Preprocess")
    record = step(graph, "FindOrigin").inputs["DataRecord"]
    (place,) = [one.path for one in preprocess.outputs if one.name == "read"]
    (data,) = [one.path for one in preprocess.inputs if one.name == "data"]

    assert record == Joined("/", (JobOutput("Preprocess", "read"), "data.json"))
    recording, running = preprocess.entrypoint[2].split("exec ")
    assert f"python3 -m jobs.data_record {data} {place}/data.json" in recording
    assert "$0.py" in running


def test_the_drift_baseline_is_made_of_training_rows_and_of_answers_to_the_test_rows(graph):
    inputs = {channel.name: channel.uri for channel in step(graph, "Baseline").inputs}

    assert inputs == {
        "code": ParameterValue("CodeUri"),
        "model": TrainedModel("Train"),
        "train": JobOutput("Preprocess", "train"),
        "test": JobOutput("Preprocess", "test"),
    }


def test_every_job_reads_the_code_by_its_content_addressed_uri(graph):
    jobs = [s for s in graph.steps if isinstance(s, ProcessingStep | TrainingStep)]

    assert len(jobs) == 5
    for job in jobs:
        assert job.inputs[0].uri == ParameterValue("CodeUri")


def test_an_entry_point_unpacks_where_its_own_code_channel_is(graph):
    jobs = [s for s in graph.steps if isinstance(s, ProcessingStep | TrainingStep)]

    for job in jobs:
        channel = next(channel for channel in job.inputs if channel.name == "code")
        assert f"tar xzf {channel.path}/*.gz" in job.entrypoint[2]
        assert len(job.entrypoint[2]) <= 256


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("Preprocess", "preprocess"),
        ("ValidateData", "validate_data"),
        ("Train", "train"),
        ("Baseline", "jobs.drift_baseline"),
        ("Evaluate", "evaluate"),
    ],
)
def test_a_job_runs_the_script_of_its_name_or_what_all_models_share(graph, name, script):
    assert step(graph, name).entrypoint[-1] == script


def test_a_script_is_only_told_folders_that_the_job_has(graph):
    for job in (s for s in graph.steps if isinstance(s, ProcessingStep)):
        folders = [a for a in job.arguments if isinstance(a, str) and a.startswith("/opt/ml")]
        known = [c.path for c in job.inputs] + [o.path for o in job.outputs]
        for folder in folders:
            assert any(path == folder or path.startswith(f"{folder}/") for path in known), folder


def test_the_report_on_bad_data_survives_the_failure_that_it_explains(graph):
    (report,) = step(graph, "ValidateData").outputs

    assert report.survives


def test_outputs_of_different_executions_never_meet(graph):
    processing = [s for s in graph.steps if isinstance(s, ProcessingStep)]
    places = [output.uri for s in processing for output in s.outputs]
    places.append(step(graph, "Train").models)

    assert len({repr(place) for place in places}) == len(places) == 10
    assert all("PipelineExecutionId" in repr(place) for place in places)


def test_the_approved_version_is_looked_up_beside_the_candidate(graph):
    found = step(graph, "FindApproved")
    assert isinstance(found, LambdaStep)
    evaluated = {channel.name: channel.uri for channel in step(graph, "Evaluate").inputs}

    assert found.inputs["CandidateModelDataUrl"] == TrainedModel("Train")
    assert evaluated["approved"] == FunctionOutput("FindApproved", "ApprovedModelDataUrl")


def test_tuning_changes_defaults_and_not_the_graph(make_spec):
    steps = {"train": {"hyperparameters": {"max_depth": 9, "rate": 0.7, "loss": "squared"}}}
    tuned = make_spec(pipeline={"steps": steps})

    assert graph_of(tuned) == graph_of(make_spec())
    assert tunable_defaults(tuned)["MaxDepth"] == 9
    assert tunable_defaults(tuned) != tunable_defaults(make_spec())


def test_every_tunable_default_belongs_to_a_parameter(spec, graph):
    assert tunable_defaults(spec).keys() <= {parameter.name for parameter in graph.parameters}


def test_a_hyperparameter_keeps_its_type(graph):
    types = {parameter.name: parameter.type for parameter in graph.parameters}

    assert (types["MaxDepth"], types["Rate"], types["Loss"]) == ("Integer", "Float", "String")


def test_a_parameter_is_named_in_camel_case():
    assert camel_case("min_child_weight") == "MinChildWeight"


def test_caching_is_a_duration_of_days(make_spec):
    assert step(graph_of(make_spec()), "Train").cache == "P30D"


def test_no_cache_days_switch_caching_off(make_spec):
    graph = graph_of(make_spec(pipeline={"cache_days": 0}))

    assert step(graph, "Train").cache is None


def test_the_contract_reserves_exactly_the_parameters_that_every_pipeline_declares(
    spec: ModelSpec,
) -> None:
    plain = spec.pipeline.steps.train.model_copy(update={"hyperparameters": {}})
    steps = spec.pipeline.steps.model_copy(update={"train": plain})
    pipeline = spec.pipeline.model_copy(update={"steps": steps})

    declared = graph_of(spec.model_copy(update={"pipeline": pipeline})).parameters

    assert {parameter.name for parameter in declared} == PLATFORM_PARAMETERS
