"""A small team may run every stage, and the delivery, in one account."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import Platform, StagesSpec, load_platform
from mlops.pipeline import load_source
from stacks.stage import add_stages

Templates = dict[str, dict[str, Any]]
ACCOUNT = "222222222222"
NAMES = {
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Events::EventBus": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::SageMaker::Endpoint": "EndpointName",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupName",
    "AWS::SageMaker::Pipeline": "PipelineName",
}


def in_one_account(platform: Platform) -> Platform:
    stages = platform.stages
    moved = StagesSpec(
        project=stages.project,
        organization=stages.organization,
        delivery=stages.delivery.model_copy(update={"account": ACCOUNT}),
        stages=tuple(stage.model_copy(update={"account": ACCOUNT}) for stage in stages.stages),
    )
    return replace(platform, stages=moved)


@pytest.fixture(scope="module")
def templates(
    root: Path,
    cdk_context: dict[str, Any],
    read_templates: Callable[[Path], Templates],
    tmp_path_factory: pytest.TempPathFactory,
) -> Templates:
    import aws_cdk as cdk

    build, out = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("out")
    platform = in_one_account(load_platform(root))
    app = cdk.App(context=cdk_context, outdir=str(out), builtin_cloud_formation_validation=False)
    sources = [load_source(platform, model, build) for model in platform.models]
    add_stages(app, platform=platform, sources=sources)
    app.synth()
    return read_templates(out)


def test_no_two_stacks_of_the_account_claim_one_name(templates: Templates) -> None:
    claimed = Counter(
        (resource["Type"], json.dumps(resource["Properties"][NAMES[resource["Type"]]]))
        for template in templates.values()
        for resource in template["Resources"].values()
        if NAMES.get(resource["Type"]) in resource.get("Properties", {})
    )

    assert [name for name, count in claimed.items() if count > 1] == []
    assert {kind for kind, _ in claimed} == NAMES.keys()


def test_no_two_stacks_of_the_account_export_one_name(templates: Templates) -> None:
    exported = Counter(
        json.dumps(output["Export"]["Name"])
        for template in templates.values()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    )

    assert exported
    assert [name for name, count in exported.items() if count > 1] == []
