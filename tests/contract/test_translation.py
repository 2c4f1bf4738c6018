# ruff: noqa: E501  # each case is one row of a table
from collections.abc import Callable

import pytest

from mlops.contract import Problem
from mlops.contract.document import Document
from mlops.contract.translation import problem_at, shown

Changed = Callable[[str, str, str], list[Problem]]

# file, text to replace, replacement, key, then parts of: message, got, allowed, remedy
CASES = [
    ("model.yaml", "owners:", "ownerz:", "ownerz", "unknown key", None, "owners", "did you mean owners?"),
    ("model.yaml", "description: Demand per hour\n", "", "description", "required key is missing", None, None, "add the key"),
    ("model.yaml", "size_percent: 10", "size_percnt: 10", "endpoint.canary.size_percnt", "unknown key", None, "size_percent", "did you mean size_percent?"),
    ("model.yaml", "name: hour,", "name: hour, zzz: 1,", "schema.input[0].zzz", "unknown key", None, "nullable", "remove it"),
    ("model.yaml", "schema:\n", "schema_:\n", "schema_", "unknown key", None, "schema", "did you mean schema?"),
    ("model.yaml", "name: bike-demand", "name: Bike_Demand", "name", "is not a valid name", "'Bike_Demand'", "like bike-demand", "write it like"),
    ("model.yaml", "name: bike-demand", "name: 5", "name", "valid string", "5", "text", "write text"),
    ("model.yaml", "name: bike-demand", "name:", "name", "valid string", "null", "text", "write text"),
    ("model.yaml", "name: bike-demand", "name: " + "a" * 99, "name", "at most 24", "aaa...", "at most 24", "allowed"),
    ("model.yaml", "description: Demand per hour", 'description: ""', "description", "at least 1", "''", "1 or more", "allowed"),
    ("model.yaml", "min: 0, max: 23", "min: .nan", "schema.input[0].min", "finite", "nan", "finite", "finite"),
    ("model.yaml", "threshold: 0.8", "threshold: .inf", "gates[0].threshold", "finite", "inf", "finite", "finite"),
    ("model.yaml", "min: 0, max: 23", "min: 23, max: 0", "schema.input[0]", "above max", "a block", "min <= max", "swap"),
    ("model.yaml", "allowed: [Clear, Rain]", "min: 1", "schema.input[1]", "has no min or max", "a block", "integer or number", "use allowed"),
    ("model.yaml", "allowed: [Clear, Rain]", "allowed: [Clear, 5]", "schema.input[1]", "is not of type string", "a block", "type string", "change"),
    ("model.yaml", "allowed: [Clear, Rain]", "allowed: [Clear, true]", "schema.input[1]", "is not of type string", "a block", "type string", "change"),
    ("model.yaml", "allowed: [Clear, Rain]", "allowed: [[1]]", "schema.input[1].allowed[0]", "none of the allowed forms", "a list", "a whole number, or a number, or text", "one of these forms"),
    ("model.yaml", "allowed: [Clear, Rain]", "allowed: []", "schema.input[1].allowed", "at least 1", "a list", "1 or more", "allowed"),
    ("model.yaml", "name: weather", "name: hour", "schema", "names 'hour' twice", "a block", "each name once", "rename"),
    ("model.yaml", "type: regression", "type: regresion", "problem.type", "input should be", "'regresion'", "binary-classification", "did you mean regression?"),
    ("model.yaml", "type: regression", "type: 7", "problem.type", "input should be", "7", "regression", "allowed value"),
    ("model.yaml", "sample: data/hours.csv.gz", "sample: ../hours.csv", "data.sample", "is not a valid path", "'../hours.csv'", "like data", "write"),
    ("model.yaml", "sample: data", "uri: s3://x\n  sample: data", "data.uri", "is not a valid S3 URI", "'s3://x'", "like s3://bucket", "write"),
    ("model.yaml", "sample: data", "version_id: abc\n  sample: data", "data", "without the uri", "'abc'", "both", "add uri"),
    ("model.yaml", "sample: data", 'training_end: "2012-02-30"\n  sample: data', "data.training_end", "is not a calendar date", "'2012-02-30'", "year-month-day", "four digits"),
    ("model.yaml", "sample: data", 'training_end: "20120201"\n  sample: data', "data.training_end", "is not a calendar date", "'20120201'", "in quotes", "four digits"),
    ("model.yaml", "gates:\n", "evaluation: {recent_days: 3}\ngates:\n", "evaluation.recent_days", "greater", "3", ">= 7", "allowed"),
    ("model.yaml", "cron(0 3 ? * MON *)", "cron(0 3 * * MON *)", "pipeline.schedule", "exactly one", "cron", "cron(minute", "write for example"),
    ("model.yaml", "ml.m5.large", "ml.m99.large", "pipeline.steps.train.instance_type", "no instance type family m99", "'ml.m99.large'", "ml.c5.", "did you mean ml.m"),
    ("model.yaml", "ml.m5.large", "ml.m5.huge", "pipeline.steps.train.instance_type", "no such size", "'ml.m5.huge'", "ml.m5.", "did you mean ml.m5.large?"),
    ("model.yaml", "ml.m5.large", "gpu", "pipeline.steps.train.instance_type", "is not an instance type", "'gpu'", "ml.c5.", "use one of these"),
    ("model.yaml", "train: {instance_type: ml.m5.large", "train: {instance_type: ml.inf1.xlarge", "pipeline.steps.train.instance_type", "inf1 for training", "inf1", "ml.", "did you mean"),
    ("model.yaml", "depth: 6", "Depth-x: 6", "pipeline.steps.train.hyperparameters.Depth-x", "the key is not a valid hyper-parameter", "'Depth-x'", "like learning_rate", "write"),
    ("model.yaml", "depth: 6", "depth: [6]", "pipeline.steps.train.hyperparameters.depth", "none of the allowed forms", "a list", "a number", "forms"),
    ("model.yaml", "endpoint:\n", "monitoring: {engine: model-monitor}\nendpoint:\n", "monitoring.engine", "input should be", "model-monitor", "drift-job", "an allowed value"),
    ("model.yaml", "bake_minutes: 10", "bake_minutes: 61", "endpoint.canary.bake_minutes", "less than or equal", "61", "<= 60", "allowed"),
    ("model.yaml", "expected_requests_per_minute: 300", "expected_requests_per_minute: 0", "endpoint.expected_requests_per_minute", "greater", "0", ">= 1", "allowed"),
    ("model.yaml", "expected_requests_per_minute: 300", "expected_requests_per_minute: true", "endpoint.expected_requests_per_minute", "integer", "true", "a whole number", "whole"),
    ("model.yaml", "expected_requests_per_minute: 300", 'expected_requests_per_minute: "300"', "endpoint.expected_requests_per_minute", "integer", "'300'", "a whole number", "without quotes"),
    ("model.yaml", "  - {metric: r2,", "  a: {metric: r2,", "", "is not valid YAML", None, None, "fix this line"),
    ("model.yaml", "endpoint:\n", "endpoint:\n  mode: async\n", "endpoint.mode", "no serving stack is built", "'async'", "real-time", "use real-time, and a batch block"),
    ("model.yaml", "endpoint:\n", "endpoint:\n  mode: serverless\n", "endpoint.mode", "no serving stack is built", "'serverless'", "real-time", "use real-time"),
    ("model.yaml", "endpoint:\n", "endpoint:\n  mode: batch\n", "endpoint.mode", "input should be", "'batch'", "real-time", "change it"),
    ("model.yaml", "Demand per hour", "Demand in ${AWS::Region}", "description", "which CloudFormation would replace", "'Demand in", "text without ${", "without these signs"),
    ("model.yaml", "ds@example.com", '"{{resolve:ssm:/x}}"', "owners.data_science", "which CloudFormation would replace", "resolve", "text without", "without these signs"),
    ("stages.yaml", '"222222222222"', "222222222222", "stages.dev.account", "valid string", "222222222222", "text", "in quotes"),
    ("stages.yaml", '"222222222222"', '"2222"', "stages.dev.account", "is not a valid account id", "'2222'", "12 digits", "12 digits"),
    ("stages.yaml", '"222222222222"', "022222222222", "stages.dev.account", "'022222222222' is read as int", None, None, "quote it"),
    ("stages.yaml", "region: eu-west-1\n    trains", "region: eu-wset-1\n    trains", "stages.dev.region", "not offered", "'eu-wset-1'", "...", "did you mean eu-west-1?"),
    ("stages.yaml", "region: eu-west-1\n    trains", "region: cn-north-1\n    trains", "stages.dev.region", "not offered", "'cn-north-1'", "...", "did you mean"),
    ("stages.yaml", "trains: true", "trains: yes", "stages.dev.trains", "boolean", "'yes'", "true or false", "true or false"),
    ("stages.yaml", "  dev:", "  de-v:", "stages.de-v", "the key is not a valid stage name", "'de-v'", "like prod", "write"),
    ("stages.yaml", "subnet_ids: [subnet-0123abcd]", "subnet_ids: [subnet-0123abcd, subnet-0123abcd]", "stages.prod.network.subnet_ids", "twice", "a list", "each once", "remove"),
    ("stages.yaml", "sg-0123abcd", "vpc-0123abcd", "stages.prod.network.security_group_ids[0]", "is not a valid security group id", "'vpc-0123abcd'", "like sg-", "write"),
    ("stages.yaml", "{stage: dev}", "{aws:stage: dev}", "stages.dev.tags.aws:stage", "the key is not a valid tag key", "'aws:stage'", "like cost", "write"),
    ("stages.yaml", "{stage: dev}", "{stage: a*b}", "stages.dev.tags.stage", "is not a valid tag value", "'a*b'", "like research", "write"),
    ("stages.yaml", "{stage: dev}", '{stage: ""}', "stages.dev.tags.stage", "no empty one", "''", "like research", "write"),
    ("stages.yaml", "{stage: dev}", "[dev]", "stages.dev.tags", "valid dictionary", "a list", "a block of keys", "block"),
    ("stages.yaml", "{stage: dev}", "{stage: dev}\n    permissions_boundary: a b", "stages.dev.permissions_boundary", "is not a valid name of a managed policy", "'a b'", "like dev", "write"),
    ("stages.yaml", "{stage: dev}", "{stage: dev}\n    log_retention_days: 31", "stages.dev.log_retention_days", "input should be", "31", "30", "allowed value"),
    ("stages.yaml", "instance_type: ml.m5.large", "instance_type: ml.trn1.2xlarge5", "stages.dev.capacity.standard.instance_type", "hosting", "ml.trn1", "ml.trn1", "did you mean"),
    ("stages.yaml", "capacity:\n", "capacity: []\n    other:\n", "stages.dev.capacity", "dictionary", "a list", "a block", "block"),
    ("releases.yaml", "dev: 3", "dev: 0", "releases.bike-demand.dev", "none of the allowed forms", "0", ">= 1", "forms"),
    ("releases.yaml", "dev: 3", "dev: latest", "releases.bike-demand.dev", "none of the allowed forms", "'latest'", "a whole number", "forms"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[3]}: {case[4]}")
def test_a_mistake_is_told_with_its_key_value_allowed_values_and_remedy(
    changed: Changed, case: tuple[str, ...]
) -> None:
    file, old, new, key, message, got, allowed, remedy = case

    problem = next(p for p in changed(file, old, new) if p.key == key)

    assert problem.file.endswith(file)
    assert problem.line is not None
    assert message in problem.problem
    assert (got is None) is (problem.got is None)
    assert (got or "") in (problem.got or "")
    assert (allowed or "") in (problem.allowed or "")
    assert remedy in problem.remedy


def test_mistakes_of_all_files_are_told_at_once(changed: Changed) -> None:
    changed("model.yaml", "owners:", "ownerz:")
    changed("model.yaml", "type: regression", "type: guess")
    changed("stages.yaml", "min_instances: 2", "min_instances: two")

    keys = {problem.key for problem in changed("releases.yaml", "dev: 3", "dev: x")}

    assert keys == {
        "owners",
        "ownerz",
        "problem.type",
        "stages.dev.capacity.standard.min_instances",
        "releases.bike-demand.dev",
    }


def test_the_line_is_that_of_the_key_or_of_its_block(changed: Changed) -> None:
    lines = {p.key: p.line for p in changed("model.yaml", "  target: demand", "  tarqet: demand")}

    assert lines == {"problem.tarqet": 6, "problem.target": 4}


def test_a_file_that_holds_a_list_or_nothing_is_told_so(
    changed: Changed, valid_files: dict[str, str]
) -> None:
    found = changed("config/stages.yaml", valid_files["config/stages.yaml"], "- a\n")

    assert [(p.key, p.got, p.allowed) for p in found] == [("", "a list", "a block of keys")]


def test_an_empty_contract_lacks_its_required_keys(
    changed: Changed, valid_files: dict[str, str]
) -> None:
    found = changed("model.yaml", valid_files["model_code/bike_demand/model.yaml"], "# later\n")

    assert {p.key for p in found} >= {"name", "gates", "endpoint"}


def test_no_releases_file_content_means_nothing_is_released(
    changed: Changed, valid_files: dict[str, str]
) -> None:
    assert changed("releases.yaml", valid_files["config/releases.yaml"], "") == []


def test_a_problem_stays_on_one_line_whatever_was_written(changed: Changed) -> None:
    found = changed("stages.yaml", "trains: true", '"a\\nb\\e[31m": 1')

    assert all("\n" not in str(problem) and "\x1b" not in str(problem) for problem in found)


def test_keys_of_a_free_mapping_are_offered_no_correction(changed: Changed) -> None:
    found = changed("model.yaml", "metadata: {team: rides}", "metadata: {team: {a: b}}")

    assert [(p.key, p.allowed) for p in found] == [("registry.metadata.team", "text")]


def test_values_are_shown_as_they_are_written() -> None:
    document = Document(file="a.yaml", data={}, lines={})

    assert [shown(value) for value in (None, True, False, 1.5, {}, ())] == [
        "null", "true", "false", "1.5", "a block of keys", "a list",
    ]  # fmt: skip
    assert len(shown("x" * 500)) < 70
    assert problem_at(document, (), "p", remedy="r").got is None
    assert problem_at(document, (), "p", remedy="r", got=None).got == "null"


def test_a_type_without_its_prefix_is_told_the_type_of_that_name(changed: Changed) -> None:
    found = changed("stages.yaml", "ml.m5.large", "m5.large")

    assert found[0].remedy == "did you mean ml.m5.large?"


@pytest.mark.parametrize(
    ("file", "old", "new", "longest"),
    [
        ("stages.yaml", "{stage: dev}", f"{{stage: {'a' * 257}}}", 256),
        ("stages.yaml", "{stage: dev}", f"{{{'a' * 129}: dev}}", 128),
        ("model.yaml", "{team: rides}", f"{{team: {'a' * 257}}}", 256),
        ("model.yaml", "{team: rides}", f"{{{'a' * 129}: rides}}", 128),
        ("model.yaml", "depth: 6", f"{'a' * 65}: 6", 64),
        ("stages.yaml", "{stage: dev}", f"{{stage: dev}}\n    permissions_boundary: {'a' * 129}", 128),
    ],
)  # fmt: skip
def test_a_text_that_is_too_long_is_told_how_long_it_may_be(
    changed: Changed, file: str, old: str, new: str, longest: int
) -> None:
    found = changed(file, old, new)

    assert f" {longest} " in found[0].problem
