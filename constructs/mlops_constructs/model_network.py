"""Subnets and security groups of a model's containers."""

from mlops_constructs.properties import Properties
from mlops_constructs.site import Site


def model_network(site: Site) -> Properties | None:
    """The stage's private subnets; None where it has none, and SageMaker's own network serves."""
    network = site.stage.network
    if network is None:
        return None
    return {
        "Subnets": list(network.subnet_ids),
        "SecurityGroupIds": list(network.security_group_ids),
    }
