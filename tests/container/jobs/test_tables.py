from __future__ import annotations

import pytest

from mlops.container.jobs import tables
from mlops.container.jobs.contract import Field
from mlops.container.jobs.job import DataError
from mlops.container.jobs.tables import Table

TABLE = Table(
    notes=("year",),
    fields=(
        Field(name="age", type="integer", min=0),
        Field(name="race", type="string", allowed=("1", "2"), nullable=True),
        Field(name="employed", type="boolean"),
    ),
)
ROWS = [
    {"year": "2015", "age": 41, "race": "2", "employed": True},
    {"year": "2016", "age": 7, "race": None, "employed": False},
]


def test_a_part_is_read_as_it_was_written(tmp_path):
    tables.write_part(tmp_path, TABLE, ROWS)

    assert tables.read_part(tmp_path, TABLE) == ROWS
    assert (tmp_path / "part.csv").read_text() == (
        "year,age,race,employed\n2015,41,2,true\n2016,7,,false\n"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no such file; run preprocess first"),
        (b"", "holds no row; check the split of the data"),
        (b"year,age,race,employed\n", "holds no row; check the split of the data"),
        (b"year,age\n2015,41\n", "part.csv:2: column race is missing"),
        (b"year,age,race,employed\n2015,-1,1,true\n", "part.csv:2: age is '-1'; allowed: integer"),
        (b"year,age,race,employed\n2015,1,3,true\n", "part.csv:2: race is '3'; allowed: string"),
        (b"year,age,race,employed\n2015,1,1,\n", "part.csv:2: employed is ''; allowed: boolean"),
        ("year,age,race,employed\nä".encode("latin-1"), "is not UTF-8 text; save it as UTF-8"),
        (b"year,age,race,employed\n" + b"9" * 200_000, "is not CSV: field larger than field limit"),
    ],
)
def test_a_part_that_breaks_the_contract_is_told_with_its_place(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "part.csv").write_bytes(content)

    with pytest.raises(DataError) as caught:
        tables.read_part(tmp_path, TABLE)

    assert reason in str(caught.value)


def test_nothing_is_later_where_everything_was_trained_on(tmp_path):
    tables.write_part(tmp_path, TABLE, [])

    assert tables.read_later(tmp_path, TABLE) == []
    with pytest.raises(DataError, match="there is no such file"):
        tables.read_later(tmp_path / "elsewhere", TABLE)
