"""How one version is served in one stage."""

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops_constructs.release import Release
from mlops_constructs.rollout.detection_power import warn_of_weak_canary
from mlops_constructs.rollout.prober import Prober
from mlops_constructs.rollout.rollback_alarms import RollbackAlarms
from mlops_constructs.rollout.rollback_report import RollbackReport
from mlops_constructs.serving.canary_endpoint import CanaryEndpoint
from mlops_constructs.serving.client_access import ClientAccess
from mlops_constructs.serving.endpoint_config import EndpointConfig
from mlops_constructs.serving.endpoint_scaling import EndpointScaling
from mlops_constructs.serving.janitor import Janitor
from mlops_constructs.serving.on_call_alarms import OnCallAlarms
from mlops_constructs.serving.served_model import ServedModel
from mlops_constructs.serving_code import ServingCode


class ServingStack(Stack):
    """A model's endpoint, what rolls its releases back, who notices that, and what pages."""

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, code: ServingCode, key: kms.IKey
    ) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=f"{release.site.prefix}-{release.model.name}-serving",
            description=f"Endpoint {release.endpoint_name}",
        )
        model = ServedModel(self, "Model", release=release, key=key)
        config = EndpointConfig(self, "Config", release=release, model=model.model, key=key)
        alarms = RollbackAlarms(self, "Rollback", release=release, config=config.config)
        endpoint = CanaryEndpoint(
            self, "Endpoint", release=release, config=config.config, alarms=alarms
        )
        warn_of_weak_canary(endpoint, release)
        OnCallAlarms(self, "OnCall", release=release)
        if release.scaled:
            EndpointScaling(self, "Scaling", release=release, endpoint=endpoint.endpoint)
        Prober(self, "Prober", release=release, archive=code.archives.rollout, key=key)
        RollbackReport(
            self, "RollbackReport", release=release, archive=code.archives.rollout, key=key
        )
        Janitor(self, "Janitor", release=release, archive=code.archives.rollout, key=key)
        contract = s3_assets.Asset(self, "Contract", path=str(code.contract))
        ClientAccess(self, "Clients", release=release, contract=contract)
