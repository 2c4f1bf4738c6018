"""A wildcard without a reason stays a finding."""

from mlops_constructs.permission import Permission, acknowledge_patterns


def permission(*resources: str, because: str | None = None) -> Permission:
    return Permission(sid="Read", actions=["s3:GetObject"], resources=resources, because=because)


def test_patterns_are_the_resources_that_stand_for_more_than_one_thing() -> None:
    assert permission("arn:aws:s3:::a/b", "arn:aws:s3:::a/*").patterns == ["arn:aws:s3:::a/*"]


def test_conditions_travel_into_the_statement() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "200000000000"}}

    statement = Permission(sid="A", actions=["s3:A"], resources=["r"], conditions=condition)

    assert statement.statement == {
        "Sid": "A",
        "Effect": "Allow",
        "Action": ["s3:A"],
        "Resource": ["r"],
        "Condition": condition,
    }


def test_a_permission_without_conditions_has_no_empty_one() -> None:
    assert "Condition" not in permission("arn:aws:s3:::a/b").statement


def test_only_a_reasoned_pattern_is_acknowledged() -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_iam as iam
    from cdk_nag import AwsSolutionsChecks

    app = cdk.App(builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Test")
    granted = [permission("arn:aws:s3:::a/*", because="why"), permission("arn:aws:s3:::b/*")]
    document = iam.PolicyDocument.from_json({"Statement": [p.statement for p in granted]})
    trusted = iam.ServicePrincipal("events.amazonaws.com")
    iam.Role(stack, "Role", assumed_by=trusted, inline_policies={"P": document})
    acknowledge_patterns(stack, granted)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    findings = findings_of(app)

    assert findings == {
        "violations": ["AwsSolutions-IAM5[Resource::arn:aws:s3:::b/*]"],
        "suppressedViolations": ["AwsSolutions-IAM5[Resource::arn:aws:s3:::a/*]"],
    }


def findings_of(app: object) -> dict[str, list[str]]:
    import json
    from pathlib import Path

    import aws_cdk as cdk
    import pytest

    assert isinstance(app, cdk.App)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    nag = next(p for p in report["pluginReports"] if p["violations"])
    return {
        kind: [finding["ruleName"] for finding in nag[kind]]
        for kind in ("violations", "suppressedViolations")
    }
