"""What a model must reach, what a registered version tells, and what a failed gate says."""

import re

import pytest
from botocore.loaders import Loader

from mlops.contract.model_spec import Gate, RegistrySpec
from mlops.contract.registry_metadata import PLATFORM_METADATA
from mlops.pipeline.gate import gate_of
from mlops.pipeline.steps import FileValue, FunctionOutput, JobOutput, Joined, ParameterValue


@pytest.fixture
def gate(spec):
    return gate_of(spec, environment={})


def test_a_gate_is_a_limit_and_where_asked_a_limit_of_regression(gate):
    assert [(c.value.path, c.comparison, c.limit) for c in gate.conditions] == [
        ("metrics.r2.value", "at_least", 0.8),
        ("regression.r2", "at_most", 0.02),
        ("metrics.mae.value", "at_most", 4.0),
    ]


def test_a_gate_reads_a_value_as_its_description_says_and_no_bound(gate):
    told = Gate.model_fields["threshold"].description

    assert "met by the value, not by a bound" in told
    assert {c.value.path.rpartition(".")[2] for c in gate.conditions}.isdisjoint({"low", "high"})


def test_a_failed_gate_says_what_was_measured_and_what_was_asked(gate):
    message = gate.failed.message

    assert message.parts[1].path == "gates.message"
    assert (
        "r2 at least 0.8 and not worse than the approved version by more than 0.02"
        in (message.parts[2])
    )


def test_a_version_points_at_the_evaluation_that_was_made_even_in_an_earlier_execution(gate):
    register = gate.passed

    assert register.quality == Joined("/", (JobOutput("Evaluate", "evaluation"), "evaluation.json"))
    assert register.metadata["answers_uri"].parts[1] == "answers.json"


def test_a_version_carries_the_baseline_that_drift_is_measured_against(gate):
    register, made = gate.passed, JobOutput("Baseline", "baseline")

    assert register.statistics == Joined("/", (made, "statistics.json"))
    assert register.constraints == Joined("/", (made, "constraints.json"))


def test_a_version_waits_for_a_decision_whatever_an_execution_is_given(gate):
    assert gate.passed.approval == "PendingManualApproval"


def test_a_version_tells_until_when_it_learned_and_what_started_it(gate):
    metadata = gate.passed.metadata

    assert metadata["training_end"] == ParameterValue("TrainingEnd")
    assert metadata["trigger"] == FunctionOutput("FindOrigin", "Trigger")
    assert metadata["trigger_evidence"] == FunctionOutput("FindOrigin", "TriggerEvidence")
    assert metadata["started_by"] == FunctionOutput("FindOrigin", "StartedBy")


def test_a_version_tells_the_data_that_was_read_and_not_the_data_that_was_asked_for(gate):
    assert gate.passed.metadata["data_version"] == FunctionOutput("FindOrigin", "DataVersion")


def test_a_version_carries_the_content_of_what_was_served_and_of_what_was_evaluated(gate):
    metadata = gate.passed.metadata

    assert metadata["archive_sha256"] == FileValue("Baseline", "Content", "archive_sha256")
    assert metadata["baseline_sha256"] == FileValue("Baseline", "Content", "baseline_sha256")
    evaluation = FileValue("Evaluate", "Evaluation", "content.archive_sha256")
    assert metadata["evaluated_sha256"] == evaluation
    assert metadata["answers_sha256"].path == "content.answers_sha256"


def test_a_version_runs_an_image_by_its_digest_and_not_by_a_name_that_could_move(gate):
    assert gate.passed.image == FunctionOutput("FindApproved", "ImageByDigest")


def test_metadata_holds_only_characters_that_the_registry_takes(gate):
    metadata = gate.passed.metadata

    assert metadata["on_call"] == "fares"
    assert metadata["owner_data_science"] == "Fares fares@example.com"
    for value in (text for text in metadata.values() if isinstance(text, str)):
        assert re.fullmatch(r"[\w\s.:/=+@-]{1,256}", value)


def test_own_metadata_cannot_replace_the_lineage(make_spec):
    spec = make_spec(registry={"metadata": {"commit": "mine", "team": "fares"}})

    metadata = gate_of(spec, environment={}).passed.metadata

    assert metadata["commit"] == ParameterValue("Commit")
    assert metadata["team"] == "fares"


def test_a_schema_is_known_by_its_hash(make_spec):
    other = {
        "input": [{"name": "miles", "type": "number"}],
        "output": [{"name": "fare", "type": "number"}],
    }
    hashes = {
        gate_of(s, environment={}).passed.metadata["schema_sha256"]
        for s in (make_spec(), make_spec(), make_spec(schema=other))
    }

    assert len(hashes) == 2


def test_a_contract_may_name_no_key_that_the_registration_writes(gate, spec):
    written = set(gate.passed.metadata) - spec.registry.metadata.keys()

    assert written == set(PLATFORM_METADATA)


def test_the_registry_takes_the_contracts_metadata_and_the_platforms_together():
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    declared = RegistrySpec.model_fields["metadata"].metadata
    (limit,) = (one for one in declared if hasattr(one, "max_length"))

    assert limit.max_length + len(PLATFORM_METADATA) <= shapes["CustomerMetadataMap"]["max"]
