"""How one version is served in one stage."""

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops_constructs.canary_endpoint import CanaryEndpoint
from mlops_constructs.client_access import ClientAccess
from mlops_constructs.detection_power import warn_of_weak_canary
from mlops_constructs.endpoint_config import EndpointConfig
from mlops_constructs.endpoint_scaling import EndpointScaling
from mlops_constructs.janitor import Janitor
from mlops_constructs.on_call_alarms import OnCallAlarms
from mlops_constructs.prober import Prober
from mlops_constructs.release import Release
from mlops_constructs.rollback_alarms import RollbackAlarms
from mlops_constructs.rollback_report import RollbackReport
from mlops_constructs.served_model import ServedModel
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
        Prober(self, "Prober", release=release, archive=code.archive, key=key)
        RollbackReport(self, "RollbackReport", release=release, archive=code.archive, key=key)
        Janitor(self, "Janitor", release=release, archive=code.archive, key=key)
        contract = s3_assets.Asset(self, "Contract", path=str(code.contract))
        ClientAccess(self, "Clients", release=release, contract=contract)
