"""Containers run in the stage's subnets where it has some."""

from collections.abc import Callable

from mlops_constructs.model_network import model_network
from mlops_constructs.site import Site


def test_a_stages_subnets_and_groups_are_the_models(site_of: Callable[..., Site]) -> None:
    site = site_of("prod", network=True)

    found, network = model_network(site), site.stage.network
    assert found is not None
    assert network is not None
    assert found["Subnets"] == list(network.subnet_ids)
    assert found["SecurityGroupIds"] == list(network.security_group_ids)


def test_without_a_network_sagemakers_own_serves(site_of: Callable[..., Site]) -> None:
    assert model_network(site_of("prod")) is None
