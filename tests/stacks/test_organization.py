"""Whoever is let in from another account is a member of the organization, where it is named."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import load_platform
from mlops.pipeline import load_source
from mlops_constructs.validation.policies import Statement, allowing
from stacks.stage import add_stages
from tests.stacks.test_snapshots import reviewable

Templates = dict[str, dict[str, Any]]
ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
KEY = "aws:PrincipalOrgID"


def foreign(templates: Templates, accounts: dict[str, str]) -> Iterator[tuple[str, Statement]]:
    """Every statement that lets a principal of another account in, by the path of its stack."""
    for path, template in templates.items():
        for statement in allowing(template, "resource", "trust"):
            named = [name for kind, name in statement.principals if kind == "AWS"]
            own = accounts[path.partition("/")[0]]
            if any(name == "*" or set(ACCOUNT.findall(name)) - {own} for name in named):
                yield path, statement


@pytest.fixture(scope="module")
def accounts(root: Path) -> dict[str, str]:
    """Account of each stage and of the delivery, by the first part of their stacks' paths."""
    stages = load_platform(root).stages
    return {"Delivery": stages.delivery.account} | {
        stage.name: stage.account for stage in stages.stages
    }


@pytest.fixture(scope="module")
def unnamed(
    root: Path,
    cdk_context: dict[str, Any],
    read_templates: Callable[[Path], Templates],
    tmp_path_factory: pytest.TempPathFactory,
) -> Templates:
    """The same platform where no organization is named."""
    import aws_cdk as cdk

    build, out = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("out")
    platform = load_platform(root)
    stages = platform.stages.model_copy(update={"organization": None})
    platform = replace(platform, stages=stages)
    app = cdk.App(context=cdk_context, outdir=str(out), builtin_cloud_formation_validation=False)
    sources = [load_source(platform, model, build) for model in platform.models]
    add_stages(app, platform=platform, sources=sources)
    app.synth()
    return read_templates(out)


def test_whoever_is_let_in_from_another_account_is_of_the_organization(
    root: Path, templates: Templates, accounts: dict[str, str]
) -> None:
    organization = load_platform(root).stages.organization
    let_in = list(foreign(templates, accounts))

    open_ = [
        f"{path}: {statement.logical_id} {statement.body.get('Sid', '')}".strip()
        for path, statement in let_in
        if statement.body.get("Condition", {}).get("StringEquals", {}).get(KEY) != organization
    ]
    assert organization is not None
    assert len(let_in) > 15
    assert open_ == []


def test_a_service_has_no_organization_and_is_asked_for_none(templates: Templates) -> None:
    asked = [
        statement.principals
        for template in templates.values()
        for statement in allowing(template, "resource", "trust")
        if KEY.lower() in statement.conditions
    ]

    assert asked
    assert all(kind == "AWS" for principals in asked for kind, _ in principals)


def test_where_none_is_named_the_condition_is_all_that_is_missing(
    templates: Templates, unnamed: Templates
) -> None:
    assert KEY not in str(unnamed)
    assert {path: reviewable(template) for path, template in unnamed.items()} == {
        path: without_organization(reviewable(template)) for path, template in templates.items()
    }


def without_organization(value: Any) -> Any:
    if isinstance(value, list):
        return [without_organization(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_organization(inner) for key, inner in value.items() if key != KEY}
    return {
        key: inner
        for key, inner in kept.items()
        if inner or not value[key] or key not in ("StringEquals", "Condition")
    }
