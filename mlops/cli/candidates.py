"""What the configuration lets a stage run, as the checks before a deployment see it."""

from collections.abc import Iterator

from mlops.checks.deployment import Candidate, Deployment, Image, Proof
from mlops.checks.execution_role import ExecutionRole
from mlops.cli.access import Access
from mlops.cli.execution_policy import accounts, policies
from mlops.contract import Names, Platform, StageSpec
from mlops.pipeline import image_tag


def deployment_of(platform: Platform, stage: StageSpec, access: Access) -> Deployment:
    """Everything that a deployment of this commit brings to a stage."""
    previous = stage_before(platform, stage)
    return Deployment(
        stage=stage.name,
        candidates=tuple(_candidates(platform, stage, previous)),
        images=tuple(_images(platform)) if stage.trains else (),
        execution=execution_role(platform, stage),
        here=access.reading(stage),
        before=None if previous is None else access.reading(previous),
        registry=access.reading(platform.stages.training),
        repositories=access.repositories(),
    )


def execution_role(platform: Platform, stage: StageSpec) -> ExecutionRole:
    """The role with which CloudFormation deploys to a stage, as bootstrap names it."""
    (account,) = (one for one in accounts(platform.stages) if one.account == stage.account)
    name = f"cdk-hnb659fds-cfn-exec-role-{stage.account}-{stage.region}"
    return ExecutionRole(name=name, policies=policies(account))


def stage_before(platform: Platform, stage: StageSpec) -> StageSpec | None:
    """The stage from which this one is promoted; None for the first."""
    stages = platform.stages.stages
    position = [one.name for one in stages].index(stage.name)
    return stages[position - 1] if position else None


def _candidates(
    platform: Platform, stage: StageSpec, previous: StageSpec | None
) -> Iterator[Candidate]:
    names = platform.names
    for model in platform.models:
        version = platform.releases.version(model=model.name, stage=stage.name)
        if version is not None:
            capacity = stage.capacity[model.endpoint.tier]
            yield Candidate(
                model=model.name,
                version=version,
                package=names.model_package_arn(model.name, version),
                endpoint=names.endpoint(stage, model.name),
                instance_type=model.endpoint.instance_type or capacity.instance_type,
                min_instances=capacity.min_instances,
                alarms=names.rollback_alarms(stage, model.name),
                proof=None if previous is None else proof_of(names, previous, model.name),
            )


def proof_of(names: Names, stage: StageSpec, model: str) -> Proof:
    """Where a stage says how its last release of a model went."""
    return Proof(
        parameter=names.release_record(stage, model),
        stage=stage.name,
        endpoint=names.endpoint(stage, model),
        alarms=names.rollback_alarms(stage, model),
    )


def _images(platform: Platform) -> Iterator[Image]:
    for model in platform.models:
        folder = platform.root / "model_code" / model.folder
        repository = platform.names.image_repository(model.name)
        yield Image(repository=repository, tag=image_tag(folder, platform.stages.delivery.images))
