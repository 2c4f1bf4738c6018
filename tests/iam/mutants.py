"""Permissions changed on purpose, and who should notice.

A permission behind an allowed row is made wider, one step at a time, as a hurried change would do
it: every action of the service, every resource, a condition less, every principal. In the policy of
a resource, the resource is widened for buckets only: the others guard one thing, so that a wider
name says nothing more. A permission is also taken away.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_constructs.validation.template import items
from tests.iam.simulator import Request, Verdict
from tests.iam.table import Row, Table
from tests.iam.templates import Body
from tests.iam.world import STAND_INS, World


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A row that is asked whether it still holds after a change."""

    asked: Row
    request: Request


class Trials:
    """All changes of a table's permissions. The documents grow while the trials are made."""

    def __init__(
        self,
        *,
        world: World,
        table: Table,
        requests: Mapping[str, Request],
        verdicts: Mapping[str, Verdict],
    ) -> None:
        self.documents = dict(world.documents)
        self._table = table
        self._requests = requests
        self._verdicts = verdicts

    def of(self, row: Row) -> dict[str, list[Trial]]:
        """By the change, for people: who is asked about it. What nobody can notice has nobody."""
        return dict([*self._wider(row), *self._without(row)])

    def _wider(self, row: Row) -> Iterator[tuple[str, list[Trial]]]:
        """Each permission behind the row made wider, and each denial that the row names asked."""
        service = row.action.partition(":")[0]
        for document, index in self._grants(row):
            if document in STAND_INS:
                continue
            body, kind = self.documents[document][index], document.partition(" ")[0]
            statement = body.get("Sid", f"statement {index}")
            for change, wider in widened(kind, body, service):
                name = f"{document} ~ {statement} {change} {service}"
                self._put(name, document, {index: wider})
                asked = self._asked(self._table.guards(row), {document: name})
                yield f"{kind} {statement}: {change}", list(asked)

    def _without(self, row: Row) -> Iterator[tuple[str, list[Trial]]]:
        """The permissions of each side taken away, and the row itself asked."""
        for side in sorted({_side(document) for document, _ in self._grants(row)}):
            places: dict[str, dict[int, Body | None]] = defaultdict(dict)
            for document, index in self._grants(row):
                if _side(document) == side:
                    places[document][index] = None
            changed = {document: f"{document} without {row.name}" for document in places}
            for document, changes in places.items():
                self._put(changed[document], document, changes)
            yield f"without {side}", list(self._asked([row], changed))

    def _grants(self, row: Row) -> list[tuple[str, int]]:
        return sorted(set(self._verdicts[row.name].grants))

    def _put(self, name: str, document: str, changes: Mapping[int, Body | None]) -> None:
        bodies: dict[int, Body | None] = {**dict(enumerate(self.documents[document])), **changes}
        self.documents[name] = [body for body in bodies.values() if body is not None]

    def _asked(self, rows: Iterable[Row], changed: Mapping[str, str]) -> Iterator[Trial]:
        for row in rows:
            request = self._requests[row.name]
            identity = tuple(changed.get(name, name) for name in request.identity)
            guard = changed.get(request.guard or "", request.guard)
            if (identity, guard) != (request.identity, request.guard):
                yield Trial(asked=row, request=replace(request, identity=identity, guard=guard))


def widened(kind: str, body: Body, service: str) -> Iterator[tuple[str, Body]]:
    """What is widened, and the wider statement."""
    for change, wider in _changes(kind, body, service):
        if wider != body:
            yield change, wider


def _changes(kind: str, body: Body, service: str) -> Iterator[tuple[str, Body]]:
    others = [one for one in items(body["Action"]) if not one.startswith(f"{service}:")]
    if items(body["Action"]) != [f"{service}:*"]:
        yield "action", {**body, "Action": [*others, f"{service}:*"]}
    if items(body.get("Resource", "*")) != ["*"] and (kind == "identity" or service == "s3"):
        yield "resource", {**body, "Resource": "*"}
    for operator, keys in body.get("Condition", {}).items():
        # That of the organization is test_organization's, for every row at once.
        for key in keys.keys() - {"aws:PrincipalOrgID"}:
            yield f"condition {key}", _without(body, operator, key)
    # Where a condition names every principal exactly, a wider principal adds nobody.
    if "Principal" in body and not _names_principals(body):
        yield "principal", {**body, "Principal": "*"}


def _names_principals(body: Body) -> bool:
    named = items(body.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn"))
    return bool(named) and not any(mark in name for name in named for mark in "*?")


def _without(body: Body, operator: str, key: str) -> Body:
    conditions: Mapping[str, Mapping[str, Any]] = {
        name: {one: value for one, value in keys.items() if (name, one) != (operator, key)}
        for name, keys in body["Condition"].items()
    }
    left = {name: keys for name, keys in conditions.items() if keys}
    rest = {name: value for name, value in body.items() if name != "Condition"}
    return {**rest, "Condition": left} if left else rest


def _side(document: str) -> str:
    return "identity" if document.startswith("identity ") else "resource"
