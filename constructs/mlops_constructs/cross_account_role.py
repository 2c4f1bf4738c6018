"""Roles that one role of another account assumes, and nobody else there."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops.contract import Names
from mlops_constructs.organization import for_members
from mlops_constructs.permission import Permission, acknowledge_patterns
from mlops_constructs.service_role import policy_document


def cross_account_role(
    scope: Construct,
    id_: str,
    *,
    names: Names,
    arn: str,
    trusted: str,
    permissions: Sequence[Permission],
) -> iam.Role:
    """The role of this ARN, which the role `trusted` may assume.

    IAM refuses a trust policy that names a role which does not exist yet, and forgets a role that
    was made anew. So the account is the principal, and the condition names the one role.
    """
    account = trusted.split(":")[4]
    only = for_members(names, {"ArnEquals": {"aws:PrincipalArn": trusted}})
    role = iam.Role(
        scope,
        id_,
        role_name=arn.rpartition("/")[2],
        assumed_by=iam.AccountPrincipal(account).with_conditions(only),
        inline_policies={"Permissions": policy_document(permissions)},
    )
    acknowledge_patterns(role, permissions)
    return role
