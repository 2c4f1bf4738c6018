"""The pipeline that changes itself, then promotes one commit from stage to stage."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import pipelines
from constructs import Construct

from mlops.contract import Source, StageSpec
from mlops_constructs.delivery.build_permissions import tighten
from mlops_constructs.delivery.delivery_steps import (
    ASSETS_CLI_VERSION,
    CLI_VERSION,
    after,
    approval,
    before,
    images,
    permissions_check,
    runtimes,
    synthesis,
)
from mlops_constructs.delivery.verification_role import verification_role
from mlops_constructs.delivery_site import DeliverySite


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A stage's settings and what is deployed there."""

    spec: StageSpec
    stage: cdk.Stage


@dataclass(frozen=True, kw_only=True)
class DeliveryPipelineProps:
    """What a delivery pipeline follows, builds and promotes."""

    source: Source
    models: Sequence[str]
    promotions: Sequence[Promotion]
    artifacts: s3.IBucket
    topic: sns.ITopic
    key: kms.IKey
    """Encrypts the logs of the builds."""


class DeliveryPipeline(Construct):
    """Source, test and synthesis, self-mutation, assets, images, then every stage in order.

    A run that changes the pipeline starts again in its new shape. Runs wait for each other: one
    that waits for an approval is never replaced by a newer one. A failed deployment is retried in
    place, since there is no change set that could be stale.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: DeliverySite, props: DeliveryPipelineProps
    ) -> None:
        super().__init__(scope, id_)
        models = props.models
        self._site = site
        self._topic = props.topic
        self._logs = self._log_group(props.key)
        self._role = self._pipeline_role(props.source)
        self._verification = verification_role(self, "Verification", site=site, models=models)
        self._followed = self._source(props.source)
        self._pipeline = self._engine(self._followed, props.artifacts)
        built = images(self._followed, site=site, models=models)
        self._pipeline.add_wave("Images", post=[built])
        for promotion in props.promotions:
            self._promote(promotion)
        self._pipeline.build_pipeline()
        self._trust_this_account_alone()
        self._depend_on_permissions_alone()
        tighten(self, site=site, artifacts=props.artifacts.bucket_arn)

    @property
    def pipeline(self) -> codepipeline.IPipeline:
        """The pipeline, as soon as its stages are complete."""
        return self._pipeline.pipeline

    @property
    def actions(self) -> dict[str, int]:
        """How many actions each stage of the pipeline has."""
        return {stage.stage_name: len(stage.actions) for stage in self._pipeline.pipeline.stages}

    def _source(self, source: Source) -> pipelines.CodePipelineSource:
        if source.connection is None:
            repository = codecommit.Repository.from_repository_name(
                self, "Repository", source.repository
            )
            # What starts it is a rule of our own: the library's would keep no undelivered event.
            return pipelines.CodePipelineSource.code_commit(
                repository, source.branch, trigger=actions.CodeCommitTrigger.NONE
            )
        return pipelines.CodePipelineSource.connection(
            source.repository, source.branch, connection_arn=source.connection
        )

    def _engine(
        self, followed: pipelines.CodePipelineSource, artifacts: s3.IBucket
    ) -> pipelines.CodePipeline:
        return pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name=self._site.prefix,
            role=self._role,
            use_pipeline_role_for_actions=True,
            synth=synthesis(followed),
            artifact_bucket=artifacts,
            cross_account_keys=True,
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            cli_version=CLI_VERSION,
            cdk_assets_cli_version=ASSETS_CLI_VERSION,
            use_change_sets=False,
            publish_assets_in_parallel=False,
            code_build_defaults=self._builds(),
        )

    def _builds(self) -> pipelines.CodeBuildOptions:
        return pipelines.CodeBuildOptions(
            build_environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0
            ),
            partial_build_spec=runtimes(),
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self._logs)
            ),
        )

    def _log_group(self, key: kms.IKey) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Builds",
            log_group_name=self._site.log_group("builds"),
            encryption_key=key,
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def _pipeline_role(self, source: Source) -> iam.Role:
        trusted = iam.ServicePrincipal(
            "codepipeline.amazonaws.com", conditions=self._site.from_here
        )
        role = iam.Role(self, "Role", assumed_by=trusted)
        if source.connection is not None:
            # The library grants the former name of this action, which the new ARNs do not know.
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["codeconnections:UseConnection"], resources=[source.connection]
                )
            )
        return role

    def _promote(self, promotion: Promotion) -> None:
        spec, role = promotion.spec, self._verification
        ready = before(self._followed, stage=spec, role=role)
        pre = [ready, *self._asked(spec, ready)]
        post = [after(self._followed, stage=spec, role=role)] if spec.checks else []
        self._pipeline.add_stage(promotion.stage, pre=pre, post=post)

    def _asked(self, spec: StageSpec, ready: pipelines.Step) -> list[pipelines.Step]:
        """A person's answer, where the stage wants one, with everything known that helps."""
        if spec.approval == "automatic":
            return []
        assembly = self._pipeline.cloud_assembly_file_set
        check = permissions_check(assembly, site=self._site, stage=spec, topic=self._topic)
        answer = approval(spec)
        answer.add_step_dependency(check)
        answer.add_step_dependency(ready)
        return [check, answer]

    def _trust_this_account_alone(self) -> None:
        """The library's roles trust a service; a condition says for whom it may use them."""
        stack = cdk.Stack.of(self)
        for child in self._pipeline.node.find_all():
            if isinstance(child, iam.CfnRole):
                trust = stack.resolve(child.assume_role_policy_document)
                statements = [
                    statement | {"Condition": self._site.from_here}
                    for statement in trust["Statement"]
                ]
                child.assume_role_policy_document = trust | {"Statement": statements}

    def _depend_on_permissions_alone(self) -> None:
        """The library adds the role, which the pipeline refers to anyway."""
        resource = self._pipeline.pipeline.node.default_child
        permissions = self._role.node.find_child("DefaultPolicy").node.default_child
        if isinstance(resource, cdk.CfnResource) and isinstance(permissions, cdk.CfnResource):
            logical_id = cdk.Stack.of(self).resolve(permissions.logical_id)
            resource.add_override("DependsOn", [logical_id])
