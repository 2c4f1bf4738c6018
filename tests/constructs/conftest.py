"""A small platform of three stages, and a way to look at what one construct becomes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlops.checks.plan import Examples, Fleet, PlannedRelease, Traffic
from mlops.contract import Capacity, ModelSpec, Names, StagesFile, StagesSpec
from mlops.rollout.probes import Case, Tolerance

if TYPE_CHECKING:
    from aws_cdk import Stack

    from mlops_constructs.release import Release
    from mlops_constructs.site import Site

CAPACITY = {"standard": {"instance_type": "ml.m5.large", "min_instances": 2, "max_instances": 2}}
STAGES = {
    "project": "acme",
    "delivery": {"account": "100000000000", "region": "eu-west-1"},
    "stages": {
        "dev": {
            "account": "200000000000",
            "region": "eu-west-1",
            "trains": True,
            "removal_policy": "destroy",
            "log_retention_days": 7,
            "capacity": CAPACITY,
        },
        "test": {
            "account": "300000000000",
            "region": "eu-west-1",
            "removal_policy": "destroy",
            "capacity": CAPACITY,
        },
        "prod": {
            "account": "400000000000",
            "region": "eu-west-1",
            "log_retention_days": 365,
            "capacity": CAPACITY,
        },
    },
}
NETWORK = {
    "vpc_id": "vpc-0123456789abcdef0",
    "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "security_group_ids": ["sg-0123456789abcdef0"],
}
MODEL = {
    "name": "churn",
    "description": "Who leaves",
    "owners": {
        "data_science": "science@example.com",
        "deployment": "platform@example.com",
        "on_call": "#churn",
    },
    "problem": {"type": "binary-classification", "target": "left"},
    "data": {"sample": "data/churn.csv.gz", "version": "c" * 64},
    "schema": {
        "input": [{"name": "age", "type": "integer"}],
        "output": [{"name": "probability", "type": "number"}],
    },
    "pipeline": {"schedule": "cron(0 3 ? * MON *)"},
    "gates": [{"metric": "roc_auc", "comparison": "at_least", "threshold": 0.8}],
    "endpoint": {"expected_requests_per_minute": 10},
}
ENDPOINT = {"expected_requests_per_minute": 300, "latency_p99_ms": 200}


def hears(pattern: Any, event: Any) -> bool:
    """Whether EventBridge would match; of its filters, only those that our patterns use."""
    if isinstance(pattern, dict):
        return all(key in event and hears(value, event[key]) for key, value in pattern.items())
    return any(_meets(wanted, event) for wanted in pattern)


def _meets(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(wanted == value)
    ((name, argument),) = wanted.items()
    assert name == "prefix", f"the tests know no filter {name}"
    return str(value).startswith(argument)


class Rendered:
    """The template of one stack, asked by resource type."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.template = template
        self.resources: dict[str, dict[str, Any]] = template.get("Resources", {})

    def all(self, type_: str) -> list[dict[str, Any]]:
        """Properties of every resource of a type, in the template's order."""
        found = [r for r in self.resources.values() if r["Type"] == type_]
        return [resource.get("Properties", {}) for resource in found]

    def only(self, type_: str) -> dict[str, Any]:
        """Properties of the one resource of a type."""
        (properties,) = self.all(type_)
        return properties

    def resource(self, type_: str) -> dict[str, Any]:
        """The one resource of a type, with its policies."""
        (found,) = [r for r in self.resources.values() if r["Type"] == type_]
        return found

    def roles(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Statements of every role by the role's id and their sid."""
        return {
            id_: {s.get("Sid", ""): s for s in statements(resource["Properties"])}
            for id_, resource in self.resources.items()
            if resource["Type"] == "AWS::IAM::Role"
        }


def dashboard_body(dashboard: dict[str, Any]) -> dict[str, Any]:
    """What a dashboard shows; its account is the only thing that CloudFormation fills in."""
    said = dashboard["DashboardBody"]
    if isinstance(said, dict):
        filled = {'{"Ref": "AWS::AccountId"}': "400000000000"}
        parts = [p if isinstance(p, str) else filled[json.dumps(p)] for p in said["Fn::Join"][1]]
        said = "".join(parts)
    body: dict[str, Any] = json.loads(said)
    return body


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    policies = role.get("Policies", [])
    return [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]


@pytest.fixture(scope="session")
def heard() -> Callable[[Any, Any], bool]:
    """Whether an event pattern matches an event."""
    return hears


@pytest.fixture(scope="session")
def shown() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a dashboard shows, as data."""
    return dashboard_body


@pytest.fixture(scope="session")
def names() -> Names:
    return Names(stages=StagesSpec.of(StagesFile.model_validate(STAGES)))


@pytest.fixture(scope="session")
def model() -> ModelSpec:
    return ModelSpec.model_validate(MODEL)


@pytest.fixture(scope="session")
def site_of(names: Names) -> Callable[..., "Site"]:
    """The site of a stage by its name, with some of its settings replaced."""
    from mlops.contract import Network, Source
    from mlops_constructs.site import Site

    def site(stage: str, *, network: bool = False, followed: bool = False) -> Site:
        spec = names.stages.stage(stage)
        changed = {"network": Network.model_validate(NETWORK)} if network else {}
        source = Source(repository="mlops") if followed else None
        delivery = names.stages.delivery.model_copy(update={"source": source})
        stages = names.stages.model_copy(update={"delivery": delivery})
        return Site(stage=spec.model_copy(update=changed), names=Names(stages=stages))

    return site


@pytest.fixture(scope="session")
def release_of(site_of: "Callable[..., Site]") -> "Callable[..., Release]":
    """Version 3 of the model in a stage, with some of the endpoint's settings replaced."""
    from mlops_constructs.release import Release

    def release(
        stage: str = "prod",
        *,
        network: bool = False,
        followed: bool = False,
        capacity: Any = None,
        **endpoint: Any,
    ) -> Release:
        from dataclasses import replace

        spec = ModelSpec.model_validate(MODEL | {"endpoint": ENDPOINT | endpoint})
        site = site_of(stage, network=network, followed=followed)
        if capacity is not None:
            sizes = {"standard": Capacity.model_validate(capacity)}
            site = replace(site, stage=site.stage.model_copy(update={"capacity": sizes}))
        return Release(site=site, model=spec, version=3)

    return release


@pytest.fixture(scope="session")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed handlers of one capability, with an empty contract."""
    from mlops_constructs.handler_archive import write_handlers

    return write_handlers(contract="{}", build_dir=tmp_path_factory.mktemp("build")).rollout


@pytest.fixture(scope="session")
def planned(release_of: "Callable[..., Release]") -> PlannedRelease:
    """The plan of that release, with one example."""
    from mlops_constructs.checks.check_plan import planned_guardrails

    release = release_of()
    return PlannedRelease(
        content="a" * 64,
        image="d" * 64,
        model="churn",
        version=release.version,
        endpoint=release.endpoint_name,
        release=release.hash,
        package=release.package_arn,
        key="alias/acme-prod",
        encrypted_disks=True,
        parameter="/acme/prod/churn/endpoint-name",
        caller_role="arn:aws:iam::400000000000:role/acme-prod-churn-caller",
        guardrails=planned_guardrails(release),
        fleet=Fleet(
            variant="AllTraffic",
            instance_type="ml.m5.large",
            min_instances=2,
            max_instances=2,
            scaled=False,
        ),
        capture=None,
        traffic=Traffic(
            requests_per_minute=300.0,
            factor=1.0,
            minutes=3.0,
            warm_up_seconds=30.0,
            latency_p99_ms=200.0,
            allowance_ms=150.0,
            error_ratio=0.02,
        ),
        examples=Examples(
            cases=(Case(name="one", request={"age": 40}, response={"probability": 0.5}),),
            tolerance=Tolerance(relative=0.1),
            fields=("probability",),
        ),
    )


@pytest.fixture(scope="session")
def render(cdk_context: dict[str, Any]) -> Callable[..., Rendered]:
    """Builds something in a stack of its own and returns the template."""
    import aws_cdk as cdk
    from aws_cdk import assertions

    def rendered(build: "Callable[[Stack], object]") -> Rendered:
        app = cdk.App(context=cdk_context, builtin_cloud_formation_validation=False)
        environment = cdk.Environment(account="200000000000", region="eu-west-1")
        stack = cdk.Stack(app, "Test", env=environment)
        build(stack)
        return Rendered(assertions.Template.from_stack(stack).to_json())

    return rendered


@pytest.fixture(scope="session")
def key_in() -> Any:
    """A key that another stack made."""
    from aws_cdk import aws_kms as kms

    def key(stack: "Stack") -> kms.IKey:
        return kms.Key.from_key_arn(stack, "GivenKey", KEY_ARN)

    return key


KEY_ARN = "arn:aws:kms:eu-west-1:200000000000:key/11111111-2222-3333-4444-555555555555"
