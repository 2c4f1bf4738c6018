import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import aws_cdk as cdk


@pytest.fixture
def app(tmp_path: Path) -> "cdk.App":
    import aws_cdk as cdk

    from mlops_constructs.validation.plugin import add_validation

    app = cdk.App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    add_validation(app)
    return app


def stack_in(app: "cdk.App") -> "cdk.Stack":
    import aws_cdk as cdk

    return cdk.Stack(cdk.Stage(app, "dev"), "Stack")


def found(folder: Path) -> set[tuple[str, str]]:
    """Rule and construct of every open finding in the report."""
    report = json.loads((folder / "validation-report.json").read_text())
    return {
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }


def test_a_clean_app_synthesizes(app: "cdk.App") -> None:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms

    kept = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    kms.Key(stack_in(app), "Key", enable_key_rotation=True, removal_policy=kept)

    app.synth()


def test_a_broken_promise_stops_the_synthesis_and_is_told_with_its_construct(
    app: "cdk.App", tmp_path: Path
) -> None:
    from aws_cdk import aws_kms as kms

    kms.CfnKey(stack_in(app), "Key")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    assert ("ML080", "dev/Stack/Key") in found(tmp_path)


def test_what_cloudformation_would_refuse_is_told_as_well(app: "cdk.App", tmp_path: Path) -> None:
    import aws_cdk as cdk

    cdk.CfnResource(stack_in(app), "Topic", type="AWS::SNS::Topic", properties={"Naem": "a"})

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    assert ("F3002", "dev/Stack/Topic") in found(tmp_path)


def test_cdk_nag_judges_too(app: "cdk.App", tmp_path: Path) -> None:
    from aws_cdk import aws_sns as sns

    sns.Topic(stack_in(app), "Topic")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    assert any(rule.startswith("AwsSolutions-SNS3") for rule, _ in found(tmp_path))


def test_an_acknowledged_finding_lets_the_synthesis_pass(app: "cdk.App") -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_kms as kms

    key = kms.CfnKey(stack_in(app), "Key", enable_key_rotation=True, pending_window_in_days=7)
    key.enable_key_rotation = False
    for id_ in ("mlops-rules::ML080", "AwsSolutions::AwsSolutions-KMS5"):
        cdk.Validations.of(key).acknowledge(cdk.Acknowledgment(id=id_, reason="a test of this"))

    app.synth()


def test_a_template_that_is_too_large_is_told_with_its_bytes(
    app: "cdk.App", tmp_path: Path
) -> None:
    import aws_cdk as cdk

    stack = stack_in(app)
    for number in range(300):
        cdk.CfnWaitConditionHandle(stack, f"Handle{number}").add_metadata("text", "x" * 4000)

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    report = (tmp_path / "validation-report.json").read_text()
    (template,) = tmp_path.rglob("*.template.json")
    assert ("ML099", "dev/Stack/Handle0") in found(tmp_path)
    assert f"{template.stat().st_size:,} bytes, allowed: 1,000,000" in report
