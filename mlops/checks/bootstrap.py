"""Whether an account was prepared for CDK, and recently enough."""

from typing import Final

from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.result import Finding, failed, passed

PARAMETER: Final = "/cdk-bootstrap/hnb659fds/version"
MINIMUM: Final = 8
"""What the synthesized stacks ask for (`requiresBootstrapStackVersion` in cdk.out)."""


def bootstrapped(clients: Clients) -> Finding:
    """The version of the account's bootstrap stack."""
    try:
        parameter = clients("ssm").get_parameter(Name=PARAMETER)["Parameter"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return failed("the account is not bootstrapped; remedy: `make bootstrap-commands`")
    version = int(parameter["Value"])
    if version < MINIMUM:
        return failed(f"version {version}; allowed: {MINIMUM} or more; remedy: bootstrap again")
    return passed(f"version {version}")
