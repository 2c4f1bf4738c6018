"""All accounts of the platform at once: who is there, what they have, and what guards what."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.iam.simulator import Request
from tests.iam.templates import Body, Located

# What only AWS could print, taken for at least as much as it is: who is refused even so is refused.
AWS_MANAGED: Final = {
    "arn:aws:iam::aws:policy/AWSCloudFormationReadOnlyAccess": [
        f"cloudformation:{verb}"
        for verb in ("Describe*", "Detect*", "Estimate*", "Get*", "List*", "Validate*")
    ],
    "arn:aws:iam::aws:policy/ReadOnlyAccess": ["*"],
}
_EVERYTHING: Final = "identity everything"
# Documents that are ours to make up: an administrator's, and those of AWS.
STAND_INS: Final = frozenset({_EVERYTHING, *(f"identity {arn}" for arn in AWS_MANAGED)})


class UnknownNameError(Exception):
    """The table names what no template holds."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: a role, or a service on behalf of an account."""

    name: str
    account: str
    organization: str | None = None
    """Of which its account is a member."""
    identity: Sequence[str] = ()
    """Names of the documents that it has."""
    boundary: str | None = None

    @property
    def context(self) -> dict[str, str]:
        """What IAM adds to every request of it."""
        if not self.name.startswith("arn:"):
            return {}
        known = {"aws:PrincipalArn": self.name, "aws:PrincipalAccount": self.account}
        # IAM leaves the key out where the account is of no organization.
        member = {"aws:PrincipalOrgID": self.organization} if self.organization else {}
        return known | member


@dataclass(frozen=True, kw_only=True)
class World:
    """Documents by name, and where each of them counts."""

    documents: Mapping[str, Sequence[Body]]
    """By `identity`, `resource` or `trust` and the ARN of the holder."""
    attached: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """ARNs of the managed policies of a role."""
    boundaries: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of a key."""
    arns: Mapping[str, str] = field(default_factory=dict)
    """By the path of the construct."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Account of a resource, for the ARNs that do not say it."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """By the name of the stage, and `delivery`."""
    roles: Sequence[str] = ()
    organization: str | None = None
    """Of which everybody's account is a member, a stranger's too: numbers hold by themselves."""

    def arn(self, text: str) -> str:
        """A text with every `[path of a construct]` and `@stage` replaced.

        Raises:
            UnknownNameError: there is no such construct or account.
        """
        text = re.sub(r"\[([^\]]+)\]", lambda found: self._found(self.arns, found[1]), text)
        return re.sub(r"@([a-z]+)", lambda found: self._found(self.accounts, found[1]), text)

    def path(self, arn: str) -> str:
        """The construct behind an ARN, for a person to find."""
        return next((path for path, known in self.arns.items() if known == arn), arn)

    def principal(self, text: str) -> Principal:
        """Who is meant: a service, `anybody with [policy] in @account`, an administrator, a role.

        Raises:
            UnknownNameError: there is no such role, policy or account.
        """
        kind, _, rest = text.partition(" ")
        if kind == "service":
            return Principal(name=rest, account="")
        if kind == "administrator":
            return self._holder(self.arn(rest.removeprefix("of ")), "administrator", _EVERYTHING)
        if kind == "anybody":
            policy, _, account = rest.removeprefix("with ").partition(" in ")
            return self._holder(self.arn(account), "anybody", f"identity {self.arn(policy)}")
        return self._role(self.arn(text))

    def request(
        self,
        *,
        principal: str,
        action: str,
        resource: str,
        context: Mapping[str, Any],
        judged_as: str | None = None,
    ) -> Request:
        """A request as IAM would see it.

        Raises:
            UnknownNameError: it names what is not there.
        """
        who, what = self.principal(principal), self.arn(resource)
        account = self._account(what) or who.account
        return Request(
            principal=who.name,
            action=action,
            resource=what,
            account=account,
            context=who.context | self._context(what, account) | self._written(context),
            written=tuple(context),
            identity=tuple(who.identity),
            guard=self._guard(action, what),
            boundary=who.boundary,
            judged_as=judged_as,
        )

    def _role(self, arn: str) -> Principal:
        if f"trust {arn}" not in self.documents:
            raise UnknownNameError(f"{arn}: no template makes this role")
        managed = [f"identity {policy}" for policy in self.attached.get(arn, [])]
        identity = [name for name in [f"identity {arn}", *managed] if self._is_known(name)]
        boundary = self.boundaries.get(arn)
        if boundary is not None and not self._is_known(f"identity {boundary}"):
            raise UnknownNameError(f"{arn}: no template makes its boundary {boundary}")
        return Principal(
            name=arn,
            account=arn.split(":")[4],
            organization=self.organization,
            identity=identity,
            boundary=None if boundary is None else f"identity {boundary}",
        )

    def _is_known(self, name: str) -> bool:
        if name in self.documents:
            return True
        if ":policy/" in name and ":role/" not in name:
            raise UnknownNameError(f"{name}: no template holds this policy")
        return False

    def _holder(self, account: str, name: str, document: str) -> Principal:
        arn = f"arn:aws:iam::{account}:role/{name}"
        return Principal(
            name=arn, account=account, organization=self.organization, identity=(document,)
        )

    def _guard(self, action: str, arn: str) -> str | None:
        """The document that guards the resource of a request."""
        if action.startswith("sts:"):
            return self._document("trust", arn)
        service = arn.split(":")[2] if arn.startswith("arn:") else ""
        if service == "iam":
            return None
        if service == "s3":
            arn = arn.partition("/")[0]
        group = re.sub(r":model-package/([^/]+)/.*", r":model-package-group/\1", arn)
        return self._document("resource", group)

    def _document(self, kind: str, arn: str) -> str | None:
        name = f"{kind} {arn}"
        return name if name in self.documents else None

    def _account(self, arn: str) -> str:
        if not arn.startswith("arn:"):
            return ""
        account = arn.split(":")[4] or self.owners.get(arn.partition("/")[0], "")
        if not account:
            raise UnknownNameError(f"{arn}: no template makes this bucket")
        return account

    def _context(self, arn: str, account: str) -> dict[str, Any]:
        region = arn.split(":")[3] if arn.startswith("arn:") else ""
        key = {"kms:ResourceAliases": self.aliases[arn]} if arn in self.aliases else {}
        bucket = {"s3:ResourceAccount": account} if arn.startswith("arn:aws:s3:") else {}
        return {
            "aws:RequestedRegion": region or "eu-west-1",
            "aws:ResourceAccount": account,
            "aws:SecureTransport": "true",
            **key,
            **bucket,
        }

    def _written(self, context: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: [self.arn(one) for one in value] if isinstance(value, list) else self.arn(value)
            for key, value in context.items()
        }

    @staticmethod
    def _found(known: Mapping[str, str], name: str) -> str:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            raise UnknownNameError(f"{name}: is not there; near: {', '.join(near) or 'nothing'}")
        return known[name]


def world_of(
    found: Iterable[Located],
    *,
    managed: Mapping[str, Mapping[str, Any]],
    accounts: Mapping[str, str],
    organization: str | None = None,
) -> World:
    """Puts the templates of all accounts together, with the managed policies that are in none."""
    documents: dict[str, list[Body]] = defaultdict(list)
    everything = {"Effect": "Allow", "Resource": "*"}
    documents[_EVERYTHING] = [{"Action": "*"} | everything]
    for arn, actions in AWS_MANAGED.items():
        documents[f"identity {arn}"] = [{"Action": actions} | everything]
    for arn, document in managed.items():
        documents[f"identity {arn}"] = list(document["Statement"])
    located = list(found)
    attached, aliases = defaultdict(list), defaultdict(list)
    for template in located:
        for held in template.held():
            documents[f"{held.kind} {held.holder}"].append(held.body)
        for role, policy in template.attached():
            attached[role].append(policy)
        for key, alias in template.aliases():
            aliases[key].append(alias)
    return World(
        documents=documents,
        attached=attached,
        boundaries=dict(pair for template in located for pair in template.boundaries()),
        aliases=aliases,
        arns=dict(pair for template in located for pair in template.paths()),
        owners={
            arn: template.values.place.account
            for template in located
            for _, arn in template.paths()
        },
        accounts=accounts,
        organization=organization,
        roles=[role for template in located for role in template.roles()],
    )
