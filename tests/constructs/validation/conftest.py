"""One valid endpoint template, to be varied per case."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.validation.rule import Rule

Template = dict[str, Any]


@pytest.fixture
def endpoint(root: Path) -> Template:
    """A guarded endpoint with its alarms and scaling; no rule finds anything in it."""
    file = root / "tests" / "validation" / "endpoint.template.json"
    template: Template = json.loads(file.read_text())
    return template


@pytest.fixture(scope="session")
def details() -> Callable[[Rule, Template], list[str]]:
    """What a rule says about a template."""

    def said(rule: Rule, template: Template) -> list[str]:
        return [fault.detail for fault in rule.faults(template)]

    return said


@pytest.fixture(scope="session")
def one() -> Callable[..., Template]:
    """A template of one resource."""

    def template(type_: str, /, **properties: Any) -> Template:
        return {"Resources": {"It": {"Type": type_, "Properties": properties}}}

    return template
