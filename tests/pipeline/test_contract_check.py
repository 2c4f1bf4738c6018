"""Each fault that SageMaker would refuse is found before anything is deployed."""

import copy
import json

import pytest

from mlops.pipeline import (
    CONSTANTS,
    FIND_APPROVED_ARN,
    FIND_ORIGIN_ARN,
    bind,
    tunable_defaults,
)
from mlops.pipeline.binding import with_defaults
from mlops.pipeline.compiled import compiled_path
from mlops.pipeline.contract_check import contract_findings
from mlops.pipeline.expressions import all_steps, references
from mlops.pipeline.reference_check import reference_findings

PLAIN = {
    "CodeUri": "s3://bucket/0123.gz",
    "SourceHash": "b" * 64,
    "Commit": "c" * 40,
    "ImageUri": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mlops/bike-demand:0123",
    "ArtifactsUri": "s3://bucket/models/bike-demand",
    "KmsKeyId": "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000000",
    "ModelPackageGroupName": "mlops-bike-demand",
    **{
        f"{job}RoleArn": f"arn:aws:iam::111111111111:role/{job}"
        for job in ("Preprocess", "ValidateData", "Train", "Baseline", "Evaluate")
    },
}


@pytest.fixture(scope="module")
def committed(repository, real_model):
    content = json.loads(compiled_path(repository, real_model).read_text())
    return with_defaults(content["definition"], tunable_defaults(real_model))


@pytest.fixture
def definition(committed):
    return copy.deepcopy(committed)


def step(definition, name):
    branches = definition["Steps"][-1]["Arguments"]
    steps = [*definition["Steps"], *branches["IfSteps"], *branches["ElseSteps"]]
    return next(found for found in steps if found["Name"] == name)


def parameter(definition, name):
    return next(found for found in definition["Parameters"] if found["Name"] == name)


def findings(definition):
    return [str(f) for f in (*contract_findings(definition), *reference_findings(definition))]


def test_the_committed_definition_has_no_findings(committed):
    assert findings(committed) == []


def test_a_version_is_registered_with_what_drift_is_measured_against(committed):
    request = step(committed, "Register")["Arguments"]

    made = request["DriftCheckBaselines"]["ModelDataQuality"]
    assert made == request["ModelMetrics"]["ModelDataQuality"]
    files = {kind: source["S3Uri"]["Std:Join"]["Values"] for kind, source in made.items()}
    assert {kind: values[-1] for kind, values in files.items()} == {
        "Statistics": "statistics.json",
        "Constraints": "constraints.json",
    }
    assert all("Steps.Baseline." in values[0]["Get"] for values in files.values())


def test_the_definition_bound_to_a_stage_has_no_findings(committed):
    arn = "arn:aws:lambda:eu-west-1:111111111111:function:find"

    bound = bind(
        committed,
        constants=PLAIN,
        defaults={"DataUri": "s3://bucket/data/file.csv.gz"},
        functions={FIND_APPROVED_ARN: arn, FIND_ORIGIN_ARN: arn},
    )

    assert findings(bound) == []
    assert "{{" not in json.dumps(bound)


def test_an_execution_may_choose_only_what_its_jobs_use(committed):
    bound = bind(
        committed, constants=PLAIN, defaults={"DataUri": "s3://bucket/data/"}, functions={}
    )

    jobs = [step for step in all_steps(bound) if step["Type"] in ("Processing", "Training")]
    used = {found.target for job in jobs for found in references(job, "")}
    assert {f"Parameters.{one['Name']}" for one in bound["Parameters"]} <= used
    assert PLAIN.keys() == set(CONSTANTS)


def misspelt_member(d):
    cluster = step(d, "Preprocess")["Arguments"]["ProcessingResources"]["ClusterConfig"]
    cluster["VolumeSizeInGb"] = cluster.pop("VolumeSizeInGB")


def wrong_type(d):
    step(d, "Train")["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = "3600"


def below_minimum(d):
    step(d, "Train")["Arguments"]["ResourceConfig"]["InstanceCount"] = -1


def above_maximum(d):
    step(d, "Evaluate")["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 10**7


def bad_enum(d):
    outputs = step(d, "ValidateData")["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    outputs[0]["S3Output"]["S3UploadMode"] = "Sometimes"


def bad_pattern(d):
    step(d, "Evaluate")["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"] = "file:///code"


def too_long_an_entry_point(d):
    step(d, "Train")["Arguments"]["AlgorithmSpecification"]["ContainerEntrypoint"][2] = "x" * 257


def metadata_with_a_hash_sign(d):
    step(d, "Register")["Arguments"]["CustomerMetadataProperties"]["on_call"] = "#channel"


def unknown_instance_type_in_a_default(d):
    parameter(d, "TrainInstanceType")["DefaultValue"] = "ml.m5.huge"


def default_of_the_wrong_type(d):
    parameter(d, "MaxDepth")["DefaultValue"] = "six"


def default_outside_its_enum(d):
    limited = parameter(d, "TrainInstanceType")
    limited.update(DefaultValue="ml.m5.xlarge", EnumValues=["ml.m5.large"])


def enum_value_that_the_api_lacks(d):
    limited = parameter(d, "TrainInstanceType")
    limited["EnumValues"] = [limited["DefaultValue"], "Maybe"]


def number_where_a_text_belongs(d):
    step(d, "Train")["Arguments"]["HyperParameters"]["max_depth"] = {"Get": "Parameters.MaxDepth"}


def joined_text_where_a_number_belongs(d):
    join = {"Std:Join": {"On": "", "Values": ["1"]}}
    step(d, "Train")["Arguments"]["ResourceConfig"]["InstanceCount"] = join


def missing_required_member(d):
    del step(d, "Preprocess")["Arguments"]["AppSpecification"]["ImageUri"]


def over_long_step_name(d):
    step(d, "GateFailed")["Name"] = "F" * 65


def two_steps_of_one_name(d):
    step(d, "GateFailed")["Name"] = "Train"


def unknown_step_type(d):
    step(d, "GateFailed")["Type"] = "Failure"


def both_ways_of_ending_retries(d):
    step(d, "Train")["RetryPolicies"][0]["ExpireAfterMin"] = 10


def too_many_attempts(d):
    step(d, "Register")["RetryPolicies"][0]["MaxAttempts"] = 21


def retries_too_far_apart(d):
    step(d, "Register")["RetryPolicies"][0]["IntervalSeconds"] = 43_201


def unknown_exception(d):
    step(d, "Train")["RetryPolicies"][1]["ExceptionType"] = ["SageMaker.CAPACITY"]


def retries_for_too_long(d):
    policy = step(d, "Train")["RetryPolicies"][0]
    del policy["MaxAttempts"]
    policy["ExpireAfterMin"] = 14_401


def a_job_s_exception_where_no_job_starts(d):
    step(d, "Register")["RetryPolicies"][0]["ExceptionType"] = ["SageMaker.CAPACITY_ERROR"]


def truth_value_as_a_number(d):
    parameter(d, "MaxDepth")["DefaultValue"] = True


def number_as_a_truth_value(d):
    parameter(d, "MaxDepth").update(Type="Boolean", DefaultValue=1)


def cache_without_an_end(d):
    del step(d, "Train")["CacheConfig"]["ExpireAfter"]


def cache_for_a_wrong_duration(d):
    step(d, "Train")["CacheConfig"]["ExpireAfter"] = "30 days"


FAULTS = [
    (misspelt_member, 'Unknown parameter in ProcessingResources.ClusterConfig: "VolumeSizeInGb"'),
    (wrong_type, "Invalid type for parameter StoppingCondition.MaxRuntimeInSeconds"),
    (below_minimum, "ResourceConfig.InstanceCount"),
    (above_maximum, "MaxRuntimeInSeconds: 10000000 is more than"),
    (bad_enum, "'Sometimes' is not one of Continuous, EndOfJob"),
    (bad_pattern, "'file:///code' does not match (https|s3)"),
    (too_long_an_entry_point, "ContainerEntrypoint[2]: 257 is more than 256"),
    (metadata_with_a_hash_sign, "'#channel' does not match"),
    (unknown_instance_type_in_a_default, "(parameter TrainInstanceType): 'ml.m5.huge' is not one"),
    (default_of_the_wrong_type, "Parameters.MaxDepth: the default 'six' is not of type Integer"),
    (default_outside_its_enum, "the default 'ml.m5.xlarge' is not among its EnumValues"),
    (enum_value_that_the_api_lacks, "(parameter TrainInstanceType): 'Maybe' is not one of"),
    (number_where_a_text_belongs, "Integer parameter MaxDepth where a string is expected"),
    (joined_text_where_a_number_belongs, "a joined text where a integer is expected"),
    (missing_required_member, 'Missing required parameter in AppSpecification: "ImageUri"'),
    (over_long_step_name, "a step's name has 1 to 64"),
    (two_steps_of_one_name, "Train: 2 steps have this name"),
    (unknown_step_type, "there is no step type 'Failure'"),
    (both_ways_of_ending_retries, "RetryPolicies[0]: takes either MaxAttempts or ExpireAfterMin"),
    (too_many_attempts, "Register.RetryPolicies[0]: MaxAttempts is between 1 and 20"),
    (retries_too_far_apart, "IntervalSeconds is between 1 and 43200"),
    (unknown_exception, "there is no exception type 'SageMaker.CAPACITY'"),
    (retries_for_too_long, "ExpireAfterMin is between 1 and 14400"),
    (a_job_s_exception_where_no_job_starts, "a RegisterModel step starts no job that ends in"),
    (truth_value_as_a_number, "Parameters.MaxDepth: the default True is not of type Integer"),
    (number_as_a_truth_value, "Parameters.MaxDepth: the default 1 is not of type Boolean"),
    (cache_without_an_end, "Train.CacheConfig: is enabled without ExpireAfter"),
    (cache_for_a_wrong_duration, "'30 days' is not an ISO 8601 duration"),
]


@pytest.mark.parametrize(
    ("fault", "told"), FAULTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_seeded_fault_is_found(definition, fault, told):
    fault(definition)

    assert any(told in finding for finding in findings(definition)), findings(definition)
