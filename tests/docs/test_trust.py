"""The page of trust names every door between accounts, and the test that forges each fact."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mlops.rollout.record import ReleaseRecord

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "concepts" / "trust.md").read_text("utf-8")
SNAPSHOTS = ROOT / "tests" / "stacks" / "__snapshots__" / "test_snapshots"
ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
HASH = re.compile(r"[0-9A-F]{8}$")


def table(heading: str) -> list[list[str]]:
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        *((row, 6) for row in table("Facts")),
        *((row, 5) for row in table("What stays wide inside an account")),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_row_says_what_a_liar_achieves_and_which_test_holds_it(
    row: list[str], cells: int
) -> None:
    *said, held_by = row

    assert len(row) == cells
    assert all(said)
    assert named(held_by)
    for test in named(held_by):
        file, _, name = test.partition("::")
        assert name in functions_in(file), test


def test_every_publisher_of_metrics_has_a_namespace() -> None:
    """No condition key knows a metric's dimensions, so the namespace is all that narrows one."""
    conditions = [
        statement.get("Condition", {}).get("StringEquals", {}).get("cloudwatch:namespace")
        for path in SNAPSHOTS.glob("*.json")
        for statement in statements(json.loads(path.read_text("utf-8")))
        if "cloudwatch:PutMetricData" in statement["Action"]
    ]

    assert len(conditions) > 3
    assert all(isinstance(namespace, str) for namespace in conditions)
    assert not any(str(namespace).startswith("AWS/") for namespace in conditions)


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every statement of every policy that allows actions."""
    if isinstance(value, dict):
        if "Action" in value and "Effect" in value:
            yield value
        for inner in value.values():
            yield from statements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from statements(inner)


def test_every_field_of_a_release_record_has_a_rule() -> None:
    ruled = [name for row in table("A release record") for name in named(row[0])]

    assert sorted(ruled) == sorted(field.name for field in fields(ReleaseRecord))


def test_every_door_between_accounts_stands_on_the_page() -> None:
    listed = {(*named(stack), *named(resource)) for stack, resource, *_ in table("Doors")}

    assert set(doors()) == listed


def doors() -> Iterator[tuple[str, str]]:
    """Stack and resource of every policy or trust that names another account than its own."""
    for path in SNAPSHOTS.glob("*.json"):
        # The other source of the delivery is one more snapshot of the same stack.
        stack = path.name.partition("[")[2].partition("]")[0] or "Delivery"
        resources = json.loads(path.read_text("utf-8"))["Resources"]
        for logical_id, resource in resources.items():
            if set(principals(resource)) - {account_of(stack)}:
                yield stack.partition("-")[2] or stack, kind(logical_id)


def account_of(stack: str) -> str:
    """The account of a stack of the sample configuration."""
    place = ROOT / "tests" / "sample" / "config" / "stages.yaml"
    given = YAML(typ="safe").load(place.read_text("utf-8"))
    where = given["delivery"] if stack == "Delivery" else given["stages"][stack.partition("-")[0]]
    return str(where["account"])


def kind(logical_id: str) -> str:
    """A resource's name without its hash and without the model's."""
    return HASH.sub("", logical_id).removeprefix("bikedemand")


def principals(value: Any) -> Iterator[str]:
    """The accounts that a policy somewhere in a resource names."""
    if isinstance(value, dict):
        yield from ACCOUNT.findall(json.dumps(value.get("Principal", "")))
        for inner in value.values():
            yield from principals(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from principals(inner)
