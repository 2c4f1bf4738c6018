import re

from hypothesis import given
from hypothesis import strategies as st

from mlops.contract import Delivery, Names, StageSpec, StagesSpec
from mlops.contract.regions import regions
from mlops.contract.stage_spec import Capacity
from mlops.contract.vocabulary import NAME_PATTERN

ENDPOINT_NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"


def _names(longest: int, *, separator: str) -> st.SearchStrategy[str]:
    """Words joined by the separator, up to the longest name that the contract allows."""
    words = st.lists(st.text("abz09", min_size=1, max_size=longest), min_size=1, max_size=4)
    return words.map(lambda found: ("a" + separator.join(found))[:longest].rstrip("-"))


def platform(project: str, *stages: str, region: str = "eu-west-1") -> Names:
    """Names of a platform whose first stage trains."""
    capacity = Capacity(instance_type="ml.m5.large", min_instances=2, max_instances=2)
    found = tuple(
        StageSpec(
            name=stage,
            account="2" * 12,
            region=region,
            trains=index == 0,
            capacity={"standard": capacity},
        )
        for index, stage in enumerate(stages)
    )
    delivery = Delivery(account="1" * 12, region=region)
    return Names(stages=StagesSpec(project=project, delivery=delivery, stages=found))


@given(
    project=_names(12, separator="-"),
    stage=_names(12, separator=""),
    model=_names(24, separator="-"),
    region=st.sampled_from(regions()),
)
def test_the_longest_allowed_names_fit_the_services_limits(
    project: str, stage: str, model: str, region: str
) -> None:
    names = platform(project, stage, region=region)
    spec = names.stages.training
    assert re.fullmatch(NAME_PATTERN, model)

    for bucket in (names.artifact_bucket, names.capture_bucket, names.log_bucket):
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket(spec))
    assert re.fullmatch(ENDPOINT_NAME, names.endpoint(spec, model))
    assert re.fullmatch(ENDPOINT_NAME, names.model_package_group(model))
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}", names.pipeline(model))
    assert re.fullmatch(r"[a-z0-9]+([._/-][a-z0-9]+)*", names.image_repository(model))
    assert len(names.key_alias(spec)) <= 256
    assert len(names.alert_topic(spec)) <= 256
    assert len(names.event_bus) <= 256
    assert len(names.training_bus) <= 256
    assert len(names.drift_alarm(spec, model)) <= 255
    assert len(names.dashboard(spec)) <= 255
    assert len(names.checks(spec)) <= 150
    roles = (
        names.release_records_role(spec),
        names.release_decisions_role,
        names.release_automation_role,
        names.checks_starter_role(spec),
        names.checks_caller_role(spec, model),
        names.verification_role,
    )
    assert max(len(role.rpartition("/")[2]) for role in roles) <= 64


@given(
    st.lists(
        st.tuples(_names(12, separator=""), _names(24, separator="-")), unique=True, min_size=2
    )
)
def test_no_two_models_or_stages_share_an_endpoint(pairs: list[tuple[str, str]]) -> None:
    stages = tuple(dict.fromkeys(stage for stage, _ in pairs))
    names = platform("mlops", *stages)

    endpoints = {names.endpoint(names.stages.stage(stage), model) for stage, model in pairs}

    assert len(endpoints) == len(pairs)


def test_names_that_cross_accounts_are_spelled_out() -> None:
    names = platform("mlops", "dev", "prod")
    dev = names.stages.stage("dev")
    registry = "arn:aws:sagemaker:eu-west-1:222222222222"

    assert names.artifact_bucket(dev) == "mlops-dev-artifacts-222222222222-eu-west-1"
    assert names.model_package_group_arn("a-b") == f"{registry}:model-package-group/mlops-a-b"
    assert names.model_packages_arn("a-b") == f"{registry}:model-package/mlops-a-b/*"
    assert names.model_package_arn("a-b", 3) == f"{registry}:model-package/mlops-a-b/3"
    assert names.pipeline_arn("a-b") == f"{registry}:pipeline/mlops-a-b-training"
    assert names.event_bus_arn == "arn:aws:events:eu-west-1:111111111111:event-bus/mlops-delivery"
    assert names.training_bus_arn == (
        "arn:aws:events:eu-west-1:222222222222:event-bus/mlops-training"
    )
    assert names.drift_alarm(dev, "a-b") == "mlops-dev-a-b-drift"
    assert names.drift_alarm_arn(dev, "a-b") == (
        "arn:aws:cloudwatch:eu-west-1:222222222222:alarm:mlops-dev-a-b-drift"
    )
    assert names.data_prefix("a-b") == "data/a-b/"
    assert names.release_record(dev, "a-b") == "/mlops/dev/a-b/release-record"
    roles = "arn:aws:iam::222222222222:role/mlops-dev"
    assert names.release_records_role(dev) == f"{roles}-release-records"
    assert names.release_decisions_role == f"{roles}-release-decisions"
    assert names.checks_starter_role(dev) == f"{roles}-checks-starter"
    assert names.checks_caller_role(dev, "a-b") == f"{roles}-a-b-caller"
    assert names.invoke_policy(dev, "a-b") == (
        "arn:aws:iam::222222222222:policy/mlops-dev-a-b-invoke"
    )
    assert names.rollback_alarms(dev, "a-b") == "mlops-dev-a-b-rollback-"
    assert names.endpoint_parameter(dev, "a-b") == "/mlops/dev/a-b/endpoint-name"
    assert names.release_automation_role == (
        "arn:aws:iam::111111111111:role/mlops-release-automation"
    )
    assert names.verification_role == "arn:aws:iam::111111111111:role/mlops-delivery-verification"
    assert names.image_repository_arn("a-b") == (
        "arn:aws:ecr:eu-west-1:111111111111:repository/mlops/a-b"
    )
    assert names.image_uri("a-b", "t1") == (
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mlops/a-b:t1"
    )
    assert names.data_uri("a-b", "0123456789abcdef" * 4, "a.csv") == (
        "s3://mlops-dev-artifacts-222222222222-eu-west-1/data/a-b/0123456789abcdef/a.csv"
    )
    assert names.artifacts_prefix("a-b") == "models/a-b"
    assert names.step_outputs("a-b", "Train") == "models/a-b/*/Train/*"
    assert names.version_outputs("a-b") == (
        "models/a-b/*/Train/*",
        "models/a-b/*/Evaluate/*",
        "models/a-b/*/Baseline/*",
    )
