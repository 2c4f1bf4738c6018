"""Models whose names are as alike as the contract allows share nothing but what all models share.

Every name and every resource pattern is read from synthesized templates, so that a name which a
construct makes by itself is held to it as well.
"""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mlops.contract import load_platform
from mlops.contract.reserved import MODEL_NAMES, PURPOSES
from mlops.contract.vocabulary import ModelName
from mlops.pipeline.compiled import compiled_path, rendered

ROOT = Path(__file__).resolve().parents[2]
Templates = dict[str, dict[str, Any]]

pytestmark = pytest.mark.full

_SEED = 7
_WORDS = (*PURPOSES, *MODEL_NAMES, "bike", "model", "prod", "checks", "captures")
_NARROW = re.compile(r"belongs to this (model|endpoint) alone|below this model's prefix")
"""What a reason says of a pattern that no other model may be covered by."""
# Of each type with a name of its own: how an ARN ends with it.
_ARN_ENDS = {
    "AWS::CloudWatch::Alarm": ":alarm:",
    "AWS::IAM::ManagedPolicy": ":policy/",
    "AWS::IAM::Role": ":role/",
    "AWS::Logs::LogGroup": ":log-group:",
    "AWS::SSM::Parameter": ":parameter",
    "AWS::SageMaker::Endpoint": ":endpoint/",
    "AWS::SageMaker::Pipeline": ":pipeline/",
}
_NAME_KEYS = (
    "AlarmName", "ManagedPolicyName", "RoleName", "LogGroupName", "Name", "EndpointName",
    "PipelineName",
)  # fmt: skip


def _accepted(name: str) -> bool:
    try:
        TypeAdapter(ModelName).validate_python(name)
    except ValidationError:
        return False
    return True


def drawn_models() -> tuple[str, ...]:
    """The plainest name, and names that begin with it and with the platform's own words."""
    draw = random.Random(_SEED)
    longer = [f"bike-{word}" for word in _WORDS if _accepted(f"bike-{word}")]
    own = [f"{word}-bike" for word in _WORDS if _accepted(f"{word}-bike")]
    return ("bike", draw.choice(longer), draw.choice(own))


@pytest.fixture(scope="module")
def models() -> tuple[str, ...]:
    return drawn_models()


@pytest.fixture(scope="module")
def assembly(
    models: tuple[str, ...], run_app: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """One synthesis of all of them: copies of the example under other names."""
    root = tmp_path_factory.mktemp("alike")
    for entry in ROOT.iterdir():
        if entry.name not in ("config", "model_code"):
            (root / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "tests" / "sample" / "config", root / "config")
    pins = "".join(f"  {model}: {{dev: 1, staging: 1, prod: 1}}\n" for model in models)
    (root / "config" / "releases.yaml").write_text(f"releases:\n{pins}")
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for model in models:
        folder = root / "model_code" / model.replace("-", "_")
        shutil.copytree(ROOT / "model_code" / "bike_demand", folder, ignore=ignored)
        contract = folder / "model.yaml"
        contract.write_text(contract.read_text().replace("name: bike-demand", f"name: {model}"))
    for model in models:
        # The definition takes the model's name from parameters; only what it was made from changes.
        spec = load_platform(root, model=model).model(model)
        compiled = json.loads(compiled_path(root, spec).read_text())
        compiled_path(root, spec).write_text(rendered(root, spec, compiled["definition"]))
    finished = run_app(root / "cdk.out", script=root / "app.py")
    assert finished.returncode == 0, finished.stderr
    return root / "cdk.out"


@pytest.fixture(scope="module")
def templates(assembly: Path, read_templates: Callable[[Path], Templates]) -> Templates:
    return read_templates(assembly)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _own(templates: Templates, model: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The stage and the template of every stack of a model."""
    for path, template in templates.items():
        stage, _, stack = path.partition("/")
        if re.fullmatch(rf"{re.escape(model)}-[A-Z][A-Za-z]*", stack):
            yield stage, template


def _patterns(templates: Templates, model: str) -> set[str]:
    """Resources and S3 prefixes of every statement in a model's stacks, as literal text."""
    found: set[str] = set()
    for _, template in _own(templates, model):
        for resource in template["Resources"].values():
            for statement in _statements(resource.get("Properties", {})):
                found.update(_strings(statement.get("Resource", [])))
                found.update(_strings(statement.get("Condition", {})))
    return found


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Effect" in value and "Action" in value:
            yield value
        for one in value.values():
            yield from _statements(one)
    elif isinstance(value, list):
        for one in value:
            yield from _statements(one)


def _named(templates: Templates, model: str) -> set[tuple[str, str, str]]:
    """Stage, type and physical name of what a model's stacks name."""
    return {
        (stage, resource["Type"], name)
        for stage, template in _own(templates, model)
        for resource in template["Resources"].values()
        for key in _NAME_KEYS
        if isinstance(name := resource.get("Properties", {}).get(key), str)
    }


def _covers(pattern: str, text: str) -> bool:
    """Whether a pattern allows something that a text, a pattern as well, stands for."""
    regex = "".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", pattern))
    return re.fullmatch(regex, text) is not None


def test_the_drawn_names_are_alike(models: tuple[str, ...]) -> None:
    assert len(set(models)) == 3
    assert all(_accepted(model) and "bike" in model for model in models)


def test_no_pattern_of_a_model_covers_one_of_another(
    templates: Templates, models: tuple[str, ...]
) -> None:
    patterns = {model: _patterns(templates, model) for model in models}
    shared = set.intersection(*patterns.values())
    assert all(patterns[model] - shared for model in models)

    for one, other in permutations(models, 2):
        met = [
            (mine, theirs)
            for mine in patterns[one] - shared
            for theirs in patterns[other] - shared
            if _covers(mine, theirs)
        ]
        assert met == []


def test_no_pattern_of_a_model_covers_what_another_names(
    templates: Templates, models: tuple[str, ...]
) -> None:
    shared = set.intersection(*(_patterns(templates, model) for model in models))

    for one, other in permutations(models, 2):
        names = [
            f"{_ARN_ENDS[type_]}{name}"
            for _, type_, name in _named(templates, other)
            if type_ in _ARN_ENDS
        ]
        assert names
        for pattern in _patterns(templates, one) - shared:
            end = next((mark for mark in _ARN_ENDS.values() if mark in pattern), None)
            if end is not None:
                tail = end + pattern.partition(end)[2]
                assert [name for name in names if _covers(tail, name)] == [], (one, other)


def test_no_two_models_have_a_name_in_common(templates: Templates, models: tuple[str, ...]) -> None:
    for one, other in permutations(models, 2):
        assert _named(templates, one) & _named(templates, other) == set()


def test_what_is_acknowledged_as_narrow_covers_no_other_model(
    assembly: Path, templates: Templates, models: tuple[str, ...]
) -> None:
    report = json.loads((assembly / "validation-report.json").read_text())
    claimed = [
        (finding["acknowledgedAt"], finding["acknowledgedId"])
        for plugin in report["pluginReports"]
        for finding in plugin.get("suppressedViolations", [])
        if _NARROW.search(finding.get("reason", ""))
    ]
    tried = 0
    for place, id_ in claimed:
        stack = place.split("/")[1]
        owners = [m for m in models if re.fullmatch(rf"{re.escape(m)}-[A-Z][A-Za-z]*", stack)]
        assert owners, f"{place} is every model's, and its reason speaks of one: {id_}"
        (owner,) = owners
        pattern = re.search(r"\[Resource::(.*)\]$", id_)
        assert pattern is not None, id_
        for other in set(models) - {owner}:
            # Tokens are written as <LogicalId.Arn>: what comes after them is compared.
            tail = pattern[1].rpartition(">")[2]
            theirs = _patterns(templates, other)
            assert tail.strip("/*"), (place, id_)
            met = [
                one for one in theirs if _covers(f"*{tail}" if tail != pattern[1] else tail, one)
            ]
            assert met == [], (place, id_)
            tried += 1

    assert tried > 20
