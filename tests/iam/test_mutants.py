"""The table notices when a permission becomes wider, and when one goes away."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.iam.mutants import Trials, widened
from tests.iam.simulator import Request, Simulator, Verdict
from tests.iam.table import Row, Table, the_table
from tests.iam.world import World

pytestmark = pytest.mark.full

Noticed = Mapping[str, Mapping[str, set[str]]]
ALLOWED = [row for row in the_table().of("connection").rows if row.allowed]


@pytest.fixture(scope="module")
def noticed(
    world: World,
    table: Table,
    requests: Mapping[str, Request],
    verdicts: Mapping[str, Verdict],
    simulator: Simulator,
) -> Noticed:
    """By allowed row and by change: the rows that no longer hold, as they stand in the table."""
    trials = Trials(world=world, table=table, requests=requests, verdicts=verdicts)
    made = {row.name: trials.of(row) for row in ALLOWED}
    flat = [trial for of_row in made.values() for some in of_row.values() for trial in some]
    answers = iter(simulator.decide(trials.documents, [trial.request for trial in flat]))
    return {
        name: {
            change: {t.asked.written for t in some if not t.asked.is_met_by(next(answers))}
            for change, some in of_row.items()
        }
        for name, of_row in made.items()
    }


def widenings(of_row: Mapping[str, set[str]]) -> list[tuple[str, set[str]]]:
    return [(change, rows) for change, rows in of_row.items() if not change.startswith("without ")]


@pytest.mark.parametrize("row", ALLOWED, ids=str)
def test_a_denial_beside_it_notices_when_a_permission_is_widened(
    row: Row, noticed: Noticed, table: Table
) -> None:
    unseen = {change for change, rows in widenings(noticed[row.name]) if not rows}

    assert unseen - set(table.survivors.get(row.written, {})) == set()


@pytest.mark.parametrize("row", ALLOWED, ids=str)
def test_without_its_permission_it_is_refused(row: Row, noticed: Noticed) -> None:
    without = {
        change.removeprefix("without "): rows == {row.written}
        for change, rows in noticed[row.name].items()
        if change.startswith("without ")
    }

    assert without == {side: side in row.granted_by for side in without}
    assert any(without.values())


def test_every_denial_that_a_row_names_notices_something(noticed: Noticed) -> None:
    useless = {
        (row.written, guard)
        for row in ALLOWED
        for guard in row.guarded_by
        if not any(
            guard in rows
            for other in ALLOWED
            if other.written == row.written
            for rows in noticed[other.name].values()
        )
    }

    assert useless == set()


def test_what_nobody_can_notice_is_listed_with_a_reason_and_is_little(
    noticed: Noticed, table: Table
) -> None:
    unseen = {
        (row.written, change)
        for row in ALLOWED
        for change, rows in widenings(noticed[row.name])
        if not rows
    }

    assert unseen == {
        (written, change) for written, reasons in table.survivors.items() for change in reasons
    }
    assert len(unseen) <= 13
    assert all(
        len(reason.split()) > 5
        for reasons in table.survivors.values()
        for reason in reasons.values()
    )


STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
    "Action": ["s3:GetObject", "kms:Decrypt"],
    "Resource": "arn:aws:s3:::models/*",
    "Condition": {"StringEquals": {"aws:SourceAccount": "2"}, "Bool": {"a": "true", "b": "true"}},
}


@pytest.mark.parametrize(
    ("kind", "change", "wider"),
    [
        ("resource", "action", {"Action": ["kms:Decrypt", "s3:*"]}),
        ("resource", "resource", {"Resource": "*"}),
        ("resource", "principal", {"Principal": "*"}),
        ("resource", "condition aws:SourceAccount",
         {"Condition": {"Bool": {"a": "true", "b": "true"}}}),
        ("resource", "condition a",
         {"Condition": {"StringEquals": {"aws:SourceAccount": "2"}, "Bool": {"b": "true"}}}),
    ],
)  # fmt: skip
def test_a_mutant_is_one_step_wider(kind: str, change: str, wider: dict[str, Any]) -> None:
    mutants = dict(widened(kind, STATEMENT, "s3"))

    assert mutants[change] == STATEMENT | wider


def test_what_is_as_wide_as_it_can_be_has_no_mutant() -> None:
    body = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}

    assert list(widened("resource", body, "s3")) == []


@pytest.mark.parametrize(
    ("named", "changes"),
    [("arn:aws:iam::2:role/one", []), ("arn:aws:iam::2:role/*", ["principal"])],
)
def test_a_principal_that_a_condition_names_exactly_cannot_be_wider(
    named: str, changes: list[str]
) -> None:
    condition = {"ArnEquals": {"aws:PrincipalArn": [named]}}
    body = {"Principal": {"AWS": "arn:aws:iam::2:root"}, "Action": "s3:*", "Condition": condition}

    found = [change for change, _ in widened("resource", body, "s3")]

    assert [change for change in found if change == "principal"] == changes
