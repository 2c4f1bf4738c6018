"""Names and ARNs that another stack, account or person must know before the resource exists.

Whatever crosses a stack's or an account's border is derived here from the configuration; a token
that crossed one would tie deployments together silently.
"""

from dataclasses import dataclass
from typing import Final

from mlops.contract.stage_spec import StageSpec, StagesSpec

VERSION_STEPS: Final = ("Train", "Evaluate", "Baseline")
"""Steps of a training pipeline whose outputs a registered version refers to."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """The physical names of one platform."""

    stages: StagesSpec

    @property
    def project(self) -> str:
        """Prefix of every name."""
        return self.stages.project

    def artifact_bucket(self, stage: StageSpec) -> str:
        """Training data, code, models and reports of a stage."""
        return self._bucket(stage, "artifacts")

    def capture_bucket(self, stage: StageSpec) -> str:
        """Captured requests and answers of a stage."""
        return self._bucket(stage, "captures")

    def log_bucket(self, stage: StageSpec) -> str:
        """Access logs of the stage's other buckets, and the files of its trail."""
        return self._bucket(stage, "logs")

    def audit_trail(self, stage: StageSpec) -> str:
        """CloudTrail trail that records accesses to objects of the stage's buckets."""
        return f"{self.project}-{stage.name}-audit"

    def key_alias(self, stage: StageSpec) -> str:
        """Alias of the customer-managed key of a stage."""
        return f"alias/{self.project}-{stage.name}"

    def alert_topic(self, stage: StageSpec) -> str:
        """Topic that people subscribe to."""
        return f"{self.project}-{stage.name}-alerts"

    def model_package_group(self, model: str) -> str:
        """The registry's group of a model; constant, since it can never be renamed."""
        return f"{self.project}-{model}"

    def model_package_group_arn(self, model: str) -> str:
        """ARN of the group, in the training stage's account."""
        return self._registry_arn(f"model-package-group/{self.model_package_group(model)}")

    def model_packages_arn(self, model: str) -> str:
        """Pattern over the ARNs of all versions of a model."""
        return self._registry_arn(f"model-package/{self.model_package_group(model)}/*")

    def model_package_arn(self, model: str, version: int) -> str:
        """ARN of one version."""
        return self._registry_arn(f"model-package/{self.model_package_group(model)}/{version}")

    def pipeline(self, model: str) -> str:
        """The SageMaker pipeline that makes a model."""
        return f"{self.project}-{model}-training"

    def pipeline_arn(self, model: str) -> str:
        """ARN of the training pipeline; the service lower-cases nothing else in it."""
        return self._registry_arn(f"pipeline/{self.pipeline(model)}")

    def endpoint(self, stage: StageSpec, model: str) -> str:
        """The endpoint of a model in a stage; stable over all versions."""
        return f"{self.project}-{stage.name}-{model}"

    def rollback_alarms(self, stage: StageSpec, model: str) -> str:
        """First part of the names of an endpoint's rollback alarms, of whatever release."""
        return f"{self.endpoint(stage, model)}-rollback-"

    def drift_alarm(self, stage: StageSpec, model: str) -> str:
        """The alarm that is red while what an endpoint is asked has drifted."""
        return f"{self.endpoint(stage, model)}-drift"

    def drift_alarm_arn(self, stage: StageSpec, model: str) -> str:
        """ARN of that alarm, in the account of its stage."""
        alarm = self.drift_alarm(stage, model)
        return f"arn:aws:cloudwatch:{stage.region}:{stage.account}:alarm:{alarm}"

    def endpoint_parameter(self, stage: StageSpec, model: str) -> str:
        """Parameter by which applications find the endpoint."""
        return f"/{self.project}/{stage.name}/{model}/endpoint-name"

    @property
    def event_bus(self) -> str:
        """Bus of the delivery account on which stages report."""
        return f"{self.project}-delivery"

    @property
    def event_bus_arn(self) -> str:
        """ARN of that bus."""
        delivery = self.stages.delivery
        return f"arn:aws:events:{delivery.region}:{delivery.account}:event-bus/{self.event_bus}"

    @property
    def training_bus(self) -> str:
        """Bus of the training stage's account on which stages report drift."""
        return f"{self.project}-training"

    @property
    def training_bus_arn(self) -> str:
        """ARN of that bus."""
        stage = self.stages.training
        return f"arn:aws:events:{stage.region}:{stage.account}:event-bus/{self.training_bus}"

    def drift_pipeline(self, stage: StageSpec, model: str) -> str:
        """The SageMaker pipeline that looks for drift in what a stage serves."""
        return f"{self.endpoint(stage, model)}-drift"

    def drift_pipeline_arn(self, stage: StageSpec, model: str) -> str:
        """ARN of that pipeline."""
        place = f"{stage.region}:{stage.account}"
        return f"arn:aws:sagemaker:{place}:pipeline/{self.drift_pipeline(stage, model)}"

    def batch_pipeline(self, stage: StageSpec, model: str) -> str:
        """The SageMaker pipeline that scores a model's files in a stage."""
        return f"{self.endpoint(stage, model)}-batch"

    def batch_pipeline_arn(self, stage: StageSpec, model: str) -> str:
        """ARN of that pipeline."""
        place = f"{stage.region}:{stage.account}"
        return f"arn:aws:sagemaker:{place}:pipeline/{self.batch_pipeline(stage, model)}"

    def batch_prefix(self, model: str) -> str:
        """Prefix in a stage's artifact bucket of `input/`, `output/`, and what was taken."""
        return f"batch/{model}"

    def captures(self, stage: StageSpec, model: str, variant: str) -> str:
        """Prefix in the capture bucket below which SageMaker keeps a variant's requests by hour."""
        return f"{model}/{self.endpoint(stage, model)}/{variant}"

    def ground_truth(self, stage: StageSpec, model: str) -> str:
        """Prefix in the capture bucket below which applications put labels by day."""
        return f"ground-truth/{self.endpoint(stage, model)}"

    def drift_reports(self, model: str) -> str:
        """Prefix in the capture bucket below which the drift job keeps its reports by window."""
        return f"monitoring/{model}"

    def release_record(self, stage: StageSpec, model: str) -> str:
        """Parameter that says how a stage's last release of a model went."""
        return f"/{self.project}/{stage.name}/{model}/release-record"

    def release_records_role(self, stage: StageSpec) -> str:
        """ARN of the role that reads a stage's release records for the release automation."""
        return self._role(stage.account, f"{self.project}-{stage.name}-release-records")

    @property
    def release_decisions_role(self) -> str:
        """ARN of the role that lists and rejects versions for the release automation."""
        stage = self.stages.training
        return self._role(stage.account, f"{self.project}-{stage.name}-release-decisions")

    @property
    def release_automation_role(self) -> str:
        """ARN of the release automation's own role, in the delivery account."""
        return self._role(self.stages.delivery.account, f"{self.project}-release-automation")

    def checks(self, stage: StageSpec) -> str:
        """Build project that tests a stage's endpoints from inside the stage."""
        return f"{self.project}-{stage.name}-checks"

    def checks_starter_role(self, stage: StageSpec) -> str:
        """ARN of the role that starts a stage's checks for the delivery pipeline."""
        return self._role(stage.account, f"{self.checks(stage)}-starter")

    def checks_caller_role(self, stage: StageSpec, model: str) -> str:
        """ARN of the role that calls an endpoint as an application would, for the checks."""
        return self._role(stage.account, f"{self.endpoint(stage, model)}-caller")

    def invoke_policy(self, stage: StageSpec, model: str) -> str:
        """ARN of the managed policy that lets its holder call an endpoint."""
        return f"arn:aws:iam::{stage.account}:policy/{self.endpoint(stage, model)}-invoke"

    @property
    def verification_role(self) -> str:
        """ARN of the role of the pipeline's steps that start checks, in the delivery account."""
        return self._role(self.stages.delivery.account, f"{self.project}-delivery-verification")

    def image_repository(self, model: str) -> str:
        """ECR repository of a model's image, in the delivery account."""
        return f"{self.project}/{model}"

    def image_repository_arn(self, model: str) -> str:
        """ARN of that repository."""
        delivery = self.stages.delivery
        repository = self.image_repository(model)
        return f"arn:aws:ecr:{delivery.region}:{delivery.account}:repository/{repository}"

    def image_uri(self, model: str, tag: str) -> str:
        """Where the image with this content-hash tag is, once it is pushed."""
        delivery = self.stages.delivery
        registry = f"{delivery.account}.dkr.ecr.{delivery.region}.amazonaws.com"
        return f"{registry}/{self.image_repository(model)}:{tag}"

    def data_prefix(self, model: str) -> str:
        """First part of the keys of all published data of a model."""
        return f"data/{model}/"

    def data_key(self, model: str, version: str, filename: str) -> str:
        """Key of a published data file; the content's hash is part of it."""
        return f"{self.data_prefix(model)}{version[:16]}/{filename}"

    def data_uri(self, model: str, version: str, filename: str) -> str:
        """URI of a published data file in the training stage's artifact bucket."""
        bucket = self.artifact_bucket(self.stages.training)
        return f"s3://{bucket}/{self.data_key(model, version, filename)}"

    def artifacts_prefix(self, model: str) -> str:
        """Prefix below which the pipeline of a model writes."""
        return f"models/{model}"

    def step_outputs(self, model: str, step: str) -> str:
        """Pattern over the keys of a step's outputs, in every execution of a model's pipeline."""
        return f"{self.artifacts_prefix(model)}/*/{step}/*"

    def version_outputs(self, model: str) -> tuple[str, ...]:
        """What a version refers to: archive, evaluation with recorded answers, drift baseline."""
        return tuple(self.step_outputs(model, step) for step in VERSION_STEPS)

    def dashboard(self, stage: StageSpec) -> str:
        """CloudWatch dashboard of the training pipelines of a stage."""
        return f"{self.project}-{stage.name}-training"

    def model_dashboard(self, stage: StageSpec, model: str) -> str:
        """CloudWatch dashboard of a model in a stage; never that of another purpose."""
        return f"{self.project}-{stage.name}-model-{model}"

    def fleet_dashboard(self, stage: StageSpec) -> str:
        """CloudWatch dashboard of everything that a stage serves."""
        return f"{self.project}-{stage.name}-overview"

    @staticmethod
    def _role(account: str, name: str) -> str:
        return f"arn:aws:iam::{account}:role/{name}"

    def _bucket(self, stage: StageSpec, purpose: str) -> str:
        return f"{self.project}-{stage.name}-{purpose}-{stage.account}-{stage.region}"

    def _registry_arn(self, resource: str) -> str:
        stage = self.stages.training
        return f"arn:aws:sagemaker:{stage.region}:{stage.account}:{resource}"
