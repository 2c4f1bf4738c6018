"""What the delivery pipeline does besides deploying: test, synthesize, build images, compare."""

import re
from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from mlops.contract import StageSpec
from mlops_constructs.delivery.verification_role import lookup_role
from mlops_constructs.delivery_site import DeliverySite

# The version in package.json. `latest` names a release by accident that reads no assembly of ours.
CLI_VERSION: Final = "2.1148.1"
ASSETS_CLI_VERSION: Final = "4.7.3"
PUSH_IMAGE: Final = "constructs/mlops_constructs/delivery/push-image.sh"
"""Run from the root of the repository, by the pipeline and by people."""
RUNTIMES: Final = {"nodejs": "22", "python": "3.11"}
_FINDINGS: Final = ("ecr:DescribeImageScanFindings", "ecr:DescribeImages")
_PULL: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)
_PUSH: Final = (
    *_PULL,
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


_ECR_IMAGE: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)"
)


def runtimes() -> codebuild.BuildSpec:
    """The part of every build's specification that chooses Node.js and Python."""
    install = {"runtime-versions": dict(RUNTIMES)}
    return codebuild.BuildSpec.from_object({"version": "0.2", "phases": {"install": install}})


def synthesis(source: pipelines.IFileSetProducer) -> pipelines.CodeBuildStep:
    """Run the commands that people run; what they judge wrong ends here."""
    return pipelines.CodeBuildStep(
        "Synth",
        input=source,
        commands=["make test", "make synth COMMIT=$CODEBUILD_RESOLVED_SOURCE_VERSION"],
        primary_output_directory="cdk.out",
        build_environment=codebuild.BuildEnvironment(compute_type=codebuild.ComputeType.MEDIUM),
        partial_build_spec=runtimes(),
        timeout=Duration.hours(1),
    )


def images(
    source: pipelines.IFileSetProducer, *, site: DeliverySite, models: Sequence[str]
) -> pipelines.CodeBuildStep:
    """Build, push and scan the image of every model whose tag is not there yet."""
    repositories = [site.names.image_repository_arn(model) for model in models]
    return pipelines.CodeBuildStep(
        "Images",
        input=source,
        commands=["make .venv/.ready", *(f"sh {PUSH_IMAGE} {model}" for model in models)],
        # Building an image needs the docker daemon.
        build_environment=codebuild.BuildEnvironment(privileged=True),
        partial_build_spec=runtimes(),
        timeout=Duration.hours(2),
        role_policy_statements=[
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(actions=[*_PUSH, *_FINDINGS], resources=repositories),
            *_pull_of_base(site.delivery.images.base),
        ],
    )


def _pull_of_base(base: str | None) -> list[iam.PolicyStatement]:
    """Reading the mirror's repository, where it is one of ECR."""
    found = _ECR_IMAGE.match(base or "")
    if found is None:
        return []
    mirror = f"arn:aws:ecr:{found['region']}:{found['account']}:repository/{found['repository']}"
    return [iam.PolicyStatement(actions=list(_PULL), resources=[mirror])]


def permissions_check(
    assembly: pipelines.IFileSetProducer,
    *,
    site: DeliverySite,
    stage: StageSpec,
    topic: sns.ITopic,
) -> pipelines.CodeBuildStep:
    """Show the approver which permissions the stage would widen, and say so to everybody.

    The step of `aws_cdk.pipelines` for this installs whatever version of the command line is the
    latest, and approves by a function that may approve any pipeline with its tag.
    """
    compare = (
        f"npx --yes aws-cdk@{CLI_VERSION} diff --app . '{stage.name}/*' "
        "--method=template --fail-on=broadening --no-notices"
    )
    tell = (
        f"aws sns publish --topic-arn {site.arn('sns', f'{site.prefix}-alerts')} "
        f"--subject 'Permissions in {stage.name} would widen, or could not be compared' "
        '--message "Read the build before you approve: $CODEBUILD_BUILD_ID"'
    )
    return pipelines.CodeBuildStep(
        "Permissions",
        input=assembly,
        commands=[f"{compare} || {tell}"],
        partial_build_spec=runtimes(),
        role_policy_statements=[
            iam.PolicyStatement(
                actions=["sts:AssumeRole"],
                resources=[lookup_role(stage.account, stage.region)],
            ),
            iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]),
        ],
    )


def before(
    source: pipelines.IFileSetProducer, *, stage: StageSpec, role: iam.IRole
) -> pipelines.CodeBuildStep:
    """Ask whether the stage is ready for this commit, before anything of it is touched."""
    return _verification("Before", source, stage=stage, role=role, hours=1)


def after(
    source: pipelines.IFileSetProducer, *, stage: StageSpec, role: iam.IRole
) -> pipelines.CodeBuildStep:
    """Let the stage check itself, and wait: what fails keeps the next stage as it is."""
    # As long as the longest run in a stage.
    return _verification("After", source, stage=stage, role=role, hours=8)


def _verification(
    name: str,
    source: pipelines.IFileSetProducer,
    *,
    stage: StageSpec,
    role: iam.IRole,
    hours: int,
) -> pipelines.CodeBuildStep:
    return pipelines.CodeBuildStep(
        name,
        input=source,
        commands=["make .venv/.ready", f".venv/bin/mlops check {name.lower()} {stage.name}"],
        partial_build_spec=runtimes(),
        role=role,
        timeout=Duration.hours(hours),
    )


def approval(stage: StageSpec) -> pipelines.ManualApprovalStep:
    """A person's answer, before anything of the stage is touched."""
    return pipelines.ManualApprovalStep(
        "Approve", comment=f"Deploy to {stage.name}? The action before shows its permissions."
    )
