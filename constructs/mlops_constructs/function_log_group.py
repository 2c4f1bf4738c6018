"""Log groups of functions: encrypted, and kept as long as the stage says."""

from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs.site import Site

_RETENTION: Final = {
    1: "ONE_DAY",
    3: "THREE_DAYS",
    5: "FIVE_DAYS",
    7: "ONE_WEEK",
    14: "TWO_WEEKS",
    30: "ONE_MONTH",
    60: "TWO_MONTHS",
    90: "THREE_MONTHS",
    120: "FOUR_MONTHS",
    150: "FIVE_MONTHS",
    180: "SIX_MONTHS",
    365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS",
    545: "EIGHTEEN_MONTHS",
    731: "TWO_YEARS",
    1096: "THREE_YEARS",
    1827: "FIVE_YEARS",
    3653: "TEN_YEARS",
}


def function_log_group(
    scope: Construct, id_: str, *, site: Site, name: str, key: kms.IKey
) -> logs.LogGroup:
    """A log group below the stage's prefix, which is all that the key lets the service encrypt."""
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=site.log_group(name),
        encryption_key=key,
        retention=logs.RetentionDays[_RETENTION[site.stage.log_retention_days]],
        # A log that outlives its function would block the function's return under its name.
        removal_policy=RemovalPolicy.DESTROY,
    )
