"""The deployed roles of the Delivery stack, for a test that does what their services would do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from tests.external.emulator.accounts import DELIVERY, root_of
from tests.external.emulator.servers import Credentials, Server

ASSUME_ANY: Final = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Nobody but AWS's services may assume most of these roles, here as there."""

    aws: Server
    _sessions: dict[str, Credentials] = field(default_factory=dict)

    def user(self, name: str, *statements: Mapping[str, Any]) -> Credentials:
        """A new user of the delivery account that may do this."""
        self._iam.create_user(UserName=name)
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self._iam.put_user_policy(
            UserName=name, PolicyName=name, PolicyDocument=json.dumps(document)
        )
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def acting_as(self, *logical_ids: str) -> Credentials:
        """A new user that may do what these roles may, as their policies were deployed."""
        statements = [
            statement
            for logical_id in logical_ids
            for statement in self._statements(self._names[logical_id])
        ]
        return self.user("-".join(logical_ids), *statements)

    def session(self, role: str) -> Credentials:
        """A session of a role by its name; its trust is changed to let a user of this name in."""
        if role not in self._sessions:
            arn = f"arn:aws:iam::{DELIVERY}:role/{role}"
            somebody = self.user(role, ASSUME_ANY | {"Resource": arn})
            trusted = {"Principal": {"AWS": f"arn:aws:iam::{DELIVERY}:user/{role}"}}
            statement = {"Effect": "Allow", "Action": "sts:AssumeRole"} | trusted
            document = {"Version": "2012-10-17", "Statement": [statement]}
            self._iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
            self._sessions[role] = self.assumed(arn, by=somebody)
        return self._sessions[role]

    def assumed(self, role_arn: str, *, by: Credentials) -> Credentials:
        """Credentials of a role.

        Raises:
            ClientError: the role does not trust the caller, or the caller may not ask.
        """
        sts = self.aws.client("sts", by)
        made = sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return Credentials(
            key=made["AccessKeyId"], secret=made["SecretAccessKey"], token=made["SessionToken"]
        )

    @property
    def _iam(self) -> Any:
        return self.aws.client("iam", root_of(DELIVERY))

    @cached_property
    def _names(self) -> dict[str, str]:
        """Names by logical id, without the hash at its end."""
        cloudformation = self.aws.client("cloudformation", root_of(DELIVERY))
        answer = cloudformation.describe_stack_resources(StackName="mlops-delivery")
        return {
            found["LogicalResourceId"][:-8]: found["PhysicalResourceId"]
            for found in answer["StackResources"]
            if found["ResourceType"] == "AWS::IAM::Role"
        }

    def _statements(self, role: str) -> list[Mapping[str, Any]]:
        names = self._iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [
            self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in names
        ]
        return [statement for document in documents for statement in document["Statement"]]
