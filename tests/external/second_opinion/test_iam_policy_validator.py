"""iam-policy-validator over every policy of every template, offline."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.intrinsics import Intrinsics
from mlops_constructs.validation.policies import statements

pytestmark = pytest.mark.full

Template = Mapping[str, Any]
TYPES = {"identity": "IDENTITY_POLICY", "resource": "RESOURCE_POLICY", "trust": "TRUST_POLICY"}


def documents(template: Template, values: Intrinsics) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Every policy document by its kind, its resource and its place there."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for statement in statements(template):
        key = (statement.kind, statement.logical_id, statement.where)
        document = found.setdefault(key, {"Version": "2012-10-17", "Statement": []})
        document["Statement"].append(values.value(dict(statement.body)))
    return found


def values_of(template: Template, assembly: Assembly) -> Intrinsics:
    (stack,) = (stack for stack in assembly.stacks if stack.template == template)
    return assembly.intrinsics(stack)


def services_of(policies: list[dict[str, Any]]) -> list[str]:
    actions = re.findall(r'"([a-z0-9-]+):[A-Z*]', json.dumps(policies))
    return sorted(set(actions) - {"aws", "arn"} | {"iam", "sts"})


def place(file: str, issue: dict[str, Any]) -> str:
    """The kind of stack, then the statement: several roles share a statement and its reason."""
    stack, _, logical_id = file.partition(".")
    kind = stack.rpartition("-")[2]
    sid = issue["statement_sid"]
    return f"{kind} {sid}" if sid else f"{kind}.{re.sub('[0-9A-F]{8}.[0-9]+$', '', logical_id)}"


@pytest.fixture(scope="module")
def validate(
    tools: Callable[[str], Path],
    offline: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[dict[str, dict[str, Any]], str], set[str]]:
    """Findings as `<issue> <place>` for policies of one type."""

    def run(policies: dict[str, dict[str, Any]], type_: str) -> set[str]:
        folder = tmp_path_factory.mktemp("policies")
        services = tmp_path_factory.mktemp("services")
        for name, policy in policies.items():
            (folder / f"{name}.json").write_text(json.dumps(policy))
        script = Path(__file__).with_name("services_directory.py")
        names = services_of(list(policies.values()))
        subprocess.run([tools("iam") / "python", script, services, *names], check=True)
        report = folder.with_name(f"{folder.name}.json")
        subprocess.run(
            [
                tools("iam") / "iam-validator",
                "validate",
                *("--path", folder),
                *("--policy-type", type_),
                *("--aws-services-dir", services),
                *("--format", "json", "--output", report),
            ],
            cwd=folder,
            env=offline,
            capture_output=True,
            check=False,  # findings end in an exit code of their own
        )
        return {
            " ".join((issue["issue_type"], place(Path(result["policy_file"]).stem, issue)))
            for result in json.loads(report.read_text())["results"]
            for issue in result["issues"]
        }

    return run


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_finding_is_explained(
    kind: str,
    assembly: Path,
    templates: dict[str, Template],
    validate: Callable[[dict[str, dict[str, Any]], str], set[str]],
    unexplained: Callable[..., str],
) -> None:
    read = Assembly(assembly)
    policies = {
        f"{path.replace('/', '-')}.{logical_id}.{index}": document
        for path, template in templates.items()
        for index, ((of_kind, logical_id, _), document) in enumerate(
            documents(template, values_of(template, read)).items()
        )
        if of_kind == kind
    }

    found = {f"{kind} {finding}" for finding in validate(policies, TYPES[kind])}

    assert unexplained("iam", found, about=f"{kind} ") == ""


def test_it_sees_a_misspelt_action(
    validate: Callable[[dict[str, dict[str, Any]], str], set[str]],
) -> None:
    statement = {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": "s3:GetObjekt",
        "Resource": "arn:aws:s3:::data/*",
    }

    found = validate(
        {"broken": {"Version": "2012-10-17", "Statement": [statement]}}, TYPES["identity"]
    )

    assert "invalid_action broken Read" in found


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("sagemaker:ModelApprovalStatus", set()),
        ("sagemaker:ModelApprovalState", {"invalid_condition_key broken Reject"}),
    ],
)
def test_the_key_that_lets_the_automation_reject_alone_is_one_of_iams(
    validate: Callable[[dict[str, dict[str, Any]], str], set[str]], key: str, found: set[str]
) -> None:
    statement = {
        "Sid": "Reject",
        "Effect": "Allow",
        "Action": "sagemaker:UpdateModelPackage",
        "Resource": "arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-churn/1",
        "Condition": {"StringEquals": {key: "Rejected"}},
    }
    policies = {"broken": {"Version": "2012-10-17", "Statement": [statement]}}

    issues = validate(policies, TYPES["identity"])

    assert {issue for issue in issues if issue.startswith("invalid_condition_key")} == found
