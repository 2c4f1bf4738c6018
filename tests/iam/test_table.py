"""The table itself: who is in it, and what it refuses to be told."""

import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.iam.table import SOURCES, Row, Table, TableError, load_table, the_table
from tests.iam.world import World


@pytest.fixture(params=SOURCES)
def world(request: pytest.FixtureRequest) -> World:
    """The platform with each kind of source."""
    name = {"connection": "world", "codecommit": "codecommit_world"}[request.param]
    found: World = request.getfixturevalue(name)
    return found


@pytest.fixture
def table(request: pytest.FixtureRequest, world: World) -> Table:
    """The rows about that platform."""
    return the_table().of(request.node.callspec.params["world"])


@pytest.fixture
def principals(world: World, table: Table) -> dict[str, set[bool]]:
    """Who is in the table, and whether the rows allow something, deny something, or both."""
    found: dict[str, set[bool]] = {}
    for row in table.rows:
        found.setdefault(world.principal(row.who).name, set()).add(row.allowed)
    return found


def test_every_role_has_something_that_it_may_and_something_that_it_may_not(
    world: World, principals: dict[str, set[bool]]
) -> None:
    incomplete = [
        world.path(role)
        for role in world.roles
        if "/Bootstrap/" not in world.path(role) and principals.get(role) != {True, False}
    ]

    assert incomplete == []


def test_every_role_of_a_bootstrap_has_something_that_it_may_not(
    world: World, principals: dict[str, set[bool]]
) -> None:
    assert [world.path(role) for role in world.roles if False not in principals.get(role, {})] == []


def test_of_every_role_the_table_says_who_acts_as_it_and_who_does_not(
    world: World, table: Table
) -> None:
    assumed: dict[str, set[bool]] = {}
    for row in table.rows:
        if row.action == "sts:AssumeRole":
            assumed.setdefault(world.arn(row.resource), set()).add(row.allowed)

    unsaid = [
        world.path(role)
        for role in world.roles
        if "/Bootstrap/" not in world.path(role) and assumed.get(role) != {True, False}
    ]
    assert unsaid == []


def test_a_third_of_what_people_wrote_are_denials_at_least(table: Table) -> None:
    assert sum(table.written.values()) >= 90
    assert table.written["may not"] * 3 >= sum(table.written.values())


def test_every_allowed_row_of_ours_names_the_denials_that_guard_it(table: Table) -> None:
    unguarded = [row.name for row in table.rows if row.allowed and not table.guards(row)]

    assert [name for name in unguarded if not name.startswith("an administrator of ")] == []


SMALL: dict[str, Any] = {
    "stages": ["dev", "prod"],
    "resources": {"<stage> data": "arn:aws:s3:::<stage>-data/x"},
    "principals": [
        {
            "principal": "<stage>'s reader",
            "who": "[<stage>/Reader]",
            "stages": ["dev", "prod"],
            "may": [
                {
                    "id": "reads",
                    "action": "s3:GetObject",
                    "resource": "<stage> data",
                    "context": {"s3:prefix": "<stage>/"},
                    "guarded_by": ["writes", "reads <other>'s"],
                }
            ],
            "may not": [
                {"id": "writes", "action": "s3:PutObject", "resource": "<stage> data"},
                {
                    "id": "reads <other>'s",
                    "action": "s3:GetObject",
                    "resource": "<other> data",
                    "refused_by": "resource",
                },
            ],
        }
    ],
    "survivors": {},
}


def loaded(folder: Path, document: dict[str, Any]) -> Table:
    for key, part in document.items():
        YAML(typ="safe").dump({key: part}, folder / f"{key}.yaml")
    return load_table(folder)


def rows(table: Table) -> dict[str, Row]:
    return {row.name: row for row in table.rows}


def test_a_block_is_written_once_for_all_its_stages(tmp_path: Path) -> None:
    found = rows(loaded(tmp_path, SMALL))

    assert set(found) == {
        "dev's reader: reads",
        "dev's reader: writes",
        "dev's reader: reads prod's",
        "prod's reader: reads",
        "prod's reader: writes",
        "prod's reader: reads dev's",
    }
    row = found["prod's reader: reads"]
    assert (row.who, row.resource) == ("[prod/Reader]", "arn:aws:s3:::prod-data/x")
    assert row.context == {"s3:prefix": "prod/"}


def test_both_sides_refuse_unless_the_row_names_one(tmp_path: Path) -> None:
    found = rows(loaded(tmp_path, SMALL))

    assert found["dev's reader: writes"].refused_by == {"identity", "resource"}
    assert found["dev's reader: reads prod's"].refused_by == {"resource"}


def test_a_row_is_guarded_by_the_denials_of_its_own_stage(tmp_path: Path) -> None:
    table = loaded(tmp_path, SMALL)

    guards = table.guards(rows(table)["dev's reader: reads"])

    assert [guard.name for guard in guards] == [
        "dev's reader: writes",
        "dev's reader: reads prod's",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"resource": "no such thing"}, "no such resource: no such thing"),
        ({"id": "writes"}, "used twice"),
        ({"colour": "green"}, "`may` knows"),
        ({"guarded_by": ["reads"]}, "guarded by what is not a denial"),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    document = copy.deepcopy(SMALL)
    document["principals"][0]["may"][0] |= change

    with pytest.raises(TableError, match=said):
        loaded(tmp_path, document)


def test_a_resource_that_two_files_name_differently_is_refused(tmp_path: Path) -> None:
    YAML(typ="safe").dump({"resources": {"dev data": "arn:aws:s3:::another"}}, tmp_path / "a.yaml")

    with pytest.raises(TableError, match="a resource is used twice: dev data"):
        loaded(tmp_path, SMALL)


def test_a_side_that_does_not_exist_is_named(tmp_path: Path) -> None:
    document = copy.deepcopy(SMALL)
    document["principals"][0]["may not"][0]["refused_by"] = "everybody"

    with pytest.raises(TableError, match="allowed: identity, resource"):
        loaded(tmp_path, document)
