"""Roles that a service assumes for this account and for nobody else."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.permission import Permission
from mlops_constructs.site import Site


def service_role(
    scope: Construct,
    id_: str,
    *,
    service: str,
    site: Site | DeliverySite,
    permissions: Sequence[Permission],
    name: str | None = None,
) -> iam.Role:
    """A role with one inline policy, guarded against a confused deputy.

    The policy is part of the role, so that nothing can use the role before its permissions exist.
    A role has a name where another account trusts it.
    """
    return iam.Role(
        scope,
        id_,
        role_name=name,
        assumed_by=iam.ServicePrincipal(service, conditions=site.from_here),
        inline_policies={"Permissions": policy_document(permissions)} if permissions else None,
    )


def policy_document(permissions: Sequence[Permission]) -> iam.PolicyDocument:
    """The permissions as one document."""
    # One call instead of one for each statement: calls are what synthesis from Python pays for.
    statements = [permission.statement for permission in permissions]
    return iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": statements})
