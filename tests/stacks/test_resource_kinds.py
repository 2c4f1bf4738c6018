"""What CloudFormation may do covers whatever a stage of its kind can hold, and not a type more."""

import importlib
import inspect
import json
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mlops.cli.execution_policy import accounts, action_table
from mlops.contract import Platform, StagesSpec, load_platform
from mlops.contract.stage_spec import Network, Notifications, SlackChannel, Source
from mlops.pipeline import load_source
from stacks.stage import add_stages

Templates = Mapping[str, Mapping[str, Any]]
NETWORK = Network(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-0123456789abcdef0",),
    security_group_ids=("sg-0123456789abcdef0",),
)
NOTIFICATIONS = Notifications(
    emails=("on-call@example.com",),
    slack=SlackChannel(workspace="T0123ABCD", channel="C0123ABCD"),
)


def with_every_option(platform: Platform) -> Platform:
    """The configuration with every optional part that it leaves out."""
    stages = platform.stages
    delivery = {"source": Source(repository="models"), "notifications": NOTIFICATIONS}
    optional = {"permissions_boundary": "guard", "network": NETWORK}
    complete = StagesSpec(
        project=stages.project,
        organization=stages.organization,
        delivery=stages.delivery.model_copy(update=delivery),
        stages=tuple(stage.model_copy(update=optional) for stage in stages.stages),
    )
    return replace(platform, stages=complete)


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """One synthesis in this process."""

    platform: Platform
    templates: Templates
    classes: frozenset[type]
    """Classes of all constructs that were made."""


@pytest.fixture(scope="module")
def complete(
    root: Path,
    cdk_context: dict[str, Any],
    read_templates: Callable[[Path], Templates],
    tmp_path_factory: pytest.TempPathFactory,
) -> Synthesis:
    import aws_cdk as cdk

    build, out = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("out")
    platform = with_every_option(load_platform(root))
    app = cdk.App(context=cdk_context, outdir=str(out), builtin_cloud_formation_validation=False)
    add_stages(
        app,
        platform=platform,
        sources=[load_source(platform, model, build) for model in platform.models],
    )
    app.synth()
    classes = frozenset(type(node) for node in app.node.find_all())
    return Synthesis(platform=platform, templates=read_templates(out), classes=classes)


def by_kind(templates: Templates, stages: StagesSpec) -> dict[str, list[Mapping[str, Any]]]:
    """Resources of all templates, by the kind of their stage."""
    trains = stages.training.name
    found = defaultdict(list)
    for path, template in templates.items():
        stage = path.partition("/")[0]
        kind = {"Delivery": "delivery", trains: "training"}.get(stage, "stage")
        found[kind] += template["Resources"].values()
    return found


def own_constructs() -> Iterator[type]:
    from constructs import Construct

    for package in ("mlops_constructs", "stacks"):
        home = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(home, prefix=f"{package}."):
            if not module.ispkg:
                name = module.name
                for _, found in inspect.getmembers(importlib.import_module(name), inspect.isclass):
                    if issubclass(found, Construct) and found.__module__ == name:
                        yield found


def services_of(resource: Mapping[str, Any]) -> set[str]:
    trust = json.dumps(resource["Properties"]["AssumeRolePolicyDocument"])
    return set(re.findall(r'"Service": "([^"]+)"', trust))


def test_the_configuration_makes_every_construct_that_there_is(complete: Synthesis) -> None:
    constructs = set(own_constructs())

    assert len(constructs) > 50
    assert constructs - complete.classes == set()


def test_the_kinds_list_every_type_of_their_stages_and_no_other(
    complete: Synthesis, templates: Templates
) -> None:
    kinds = action_table()["kinds"]
    found: dict[str, set[str]] = defaultdict(set)
    for synthesized in (complete.templates, templates):
        for kind, resources in by_kind(synthesized, complete.platform.stages).items():
            found[kind] |= {resource["Type"] for resource in resources}

    assert found["delivery"] == set(kinds["delivery"]["types"])
    assert found["stage"] == set(kinds["stage"]["types"])
    assert found["training"] - found["stage"] == set(kinds["training"]["types"])


def test_the_kinds_list_every_service_that_their_roles_trust_and_no_other(
    complete: Synthesis,
) -> None:
    kinds = action_table()["kinds"]
    found = {
        kind: {one for r in resources if r["Type"] == "AWS::IAM::Role" for one in services_of(r)}
        for kind, resources in by_kind(complete.templates, complete.platform.stages).items()
    }

    assert found["delivery"] == set(kinds["delivery"]["services"])
    assert found["stage"] == set(kinds["stage"]["services"])
    assert found["training"] - found["stage"] == set(kinds["training"]["services"])


def test_the_table_describes_no_type_that_no_stage_has() -> None:
    table = action_table()
    types = {type_ for kind in table["kinds"].values() for type_ in kind["types"]}

    assert {*table["types"], *table["added"]} == types


def test_the_boundaries_of_an_account_are_those_of_its_roles(complete: Synthesis) -> None:
    stages = complete.platform.stages
    account_of = {stage.name: stage.account for stage in stages.stages}
    found: dict[str, set[str | None]] = defaultdict(set)
    for path, template in complete.templates.items():
        account = account_of.get(path.partition("/")[0], stages.delivery.account)
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::IAM::Role":
                found[account].add(resource["Properties"].get("PermissionsBoundary"))

    assert {one.account: one.boundaries for one in accounts(stages)} == found
