"""The organization whose members are let in from other accounts, where the configuration names it.

An account number in a policy is right until the account is closed or sold; that it is still a
member is checked by IAM at each request. Services are members of none: no statement for one has it.
"""

from collections.abc import Mapping
from typing import Any

from mlops.contract import Names

Conditions = Mapping[str, Mapping[str, Any]]


def for_members(names: Names, conditions: Conditions | None = None) -> dict[str, dict[str, Any]]:
    """The conditions, and that the caller is a member where an organization is named."""
    asked = {operator: dict(keys) for operator, keys in (conditions or {}).items()}
    if names.stages.organization is not None:
        asked.setdefault("StringEquals", {})["aws:PrincipalOrgID"] = names.stages.organization
    return asked
