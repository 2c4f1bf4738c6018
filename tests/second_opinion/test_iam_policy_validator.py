"""iam-policy-validator over every policy of every template, offline."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.validation.policies import statements
from mlops_constructs.validation.template import text

pytestmark = pytest.mark.full

Template = dict[str, Any]
TYPES = {"identity": "IDENTITY_POLICY", "resource": "RESOURCE_POLICY", "trust": "TRUST_POLICY"}
# What an attribute or a reference becomes, by resource type; only the ARN's form matters here.
ARNS = {
    "AWS::CodeBuild::Project": "arn:aws:codebuild:eu-west-1:222222222222:project/{id}",
    "AWS::IAM::Role": "arn:aws:iam::222222222222:role/{id}",
    "AWS::KMS::Key": "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555",
    "AWS::Lambda::Function": "arn:aws:lambda:eu-west-1:222222222222:function:{id}",
    "AWS::S3::Bucket": "arn:aws:s3:::{id}",
    "AWS::SNS::Topic": "arn:aws:sns:eu-west-1:222222222222:{id}",
    "AWS::SQS::Queue": "arn:aws:sqs:eu-west-1:222222222222:{id}",
    "AWS::Events::Rule": "arn:aws:events:eu-west-1:222222222222:rule/{id}",
    "AWS::Logs::LogGroup": "arn:aws:logs:eu-west-1:222222222222:log-group:{id}:*",
}
PSEUDO = {"AWS::AccountId": "222222222222", "AWS::Region": "eu-west-1", "AWS::Partition": "aws"}


def resolved(value: Any, template: Template) -> Any:
    """The value with every reference replaced by an ARN of the right form."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return re.sub(r"\$\{([^}.]+)[^}]*}", lambda m: arn(m[1], template), text(value))
        return {key: resolved(inner, template) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, template) for inner in value]
    return value


def arn(reference: str, template: Template) -> str:
    if reference in PSEUDO:
        return PSEUDO[reference]
    type_ = template["Resources"].get(reference, {}).get("Type")
    if type_ is None:  # an import from the foundation: its key
        return ARNS["AWS::KMS::Key"]
    return ARNS[type_].format(id=reference.lower())


def documents(template: Template) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Every policy document by its kind, its resource and its place there."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for statement in statements(template):
        key = (statement.kind, statement.logical_id, statement.where)
        document = found.setdefault(key, {"Version": "2012-10-17", "Statement": []})
        document["Statement"].append(resolved(dict(statement.body), template))
    return found


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
    templates: dict[str, Template],
    validate: Callable[[dict[str, dict[str, Any]], str], set[str]],
    unexplained: Callable[..., str],
) -> None:
    policies = {
        f"{path.replace('/', '-')}.{logical_id}.{index}": document
        for path, template in templates.items()
        for index, ((of_kind, logical_id, _), document) in enumerate(documents(template).items())
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
