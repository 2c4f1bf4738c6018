"""Where a model's containers run."""

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs.site import Site

_VpcConfig = sagemaker.CfnModel.VpcConfigProperty


def model_network(site: Site) -> _VpcConfig | None:
    """The stage's private subnets; None where it has none, and SageMaker's own network serves."""
    network = site.stage.network
    if network is None:
        return None
    return _VpcConfig(
        subnets=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
    )
