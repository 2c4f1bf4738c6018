"""Households of the census of Massachusetts, year by year: real rows that hardly drift.

The survey's order is kept in the file: a household begins with its reference person, and everybody
in group quarters stands alone.
"""

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np

from mlops.container.monitoring import Field, Schema

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "model_code/employment/data/people.csv.gz"
BEGINS_HOUSEHOLD = ("0", "16", "17")
NUMBERS = ("AGEP", "SCHL")
ZERO_IS_ASKED = ("AGEP", "RELP")
WORDS = (
    "MAR", "RELP", "DIS", "ESP", "CIT", "MIG", "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM",
    "SEX", "RAC1P",
)  # fmt: skip
LABEL = "label"
NAMES = (*NUMBERS, *WORDS, LABEL)
SCHEMA = Schema(
    input=(
        *(Field(name=name, type="integer", nullable=True) for name in NUMBERS),
        *(Field(name=name, type="string", nullable=True) for name in WORDS),
    ),
    output=(),
)
Table = dict[str, np.ndarray[Any, Any]]


def people() -> Table:
    """Every person, with year and household."""
    with gzip.open(DATA) as packed:
        rows = list(csv.DictReader(io.TextIOWrapper(packed)))
    found: dict[str, list[Any]] = {name: [] for name in (*NAMES, "year", "household")}
    household = 0
    for row in rows:
        household += row["RELP"] in BEGINS_HOUSEHOLD
        for name in (*NUMBERS, *WORDS):
            found[name].append(_value(name, row[name]))
        found[LABEL].append(float(row["employed"]))
        found["year"].append(row["year"])
        found["household"].append(household)
    return {name: np.array(values, dtype=object) for name, values in found.items()}


def _value(name: str, cell: str) -> int | str | None:
    """The file writes 0 for what was not asked."""
    if not cell or (cell == "0" and name not in ZERO_IS_ASKED):
        return None
    return int(cell) if name in NUMBERS else cell


def of_year(table: Table, year: str) -> Table:
    """The people of a year."""
    return {name: column[table["year"] == year] for name, column in table.items()}


class Homes:
    """Draws whole households, as callers would ask about them: one request each."""

    def __init__(self, table: Table) -> None:
        self._table = table
        household = table["household"].astype(int)
        self._starts = np.flatnonzero(np.diff(household, prepend=household[0] - 1))
        self._ends = np.append(self._starts[1:], len(household))

    def draw(self, homes: int, draw: np.random.Generator) -> tuple[Table, Any]:
        """Their people, and the household of each."""
        chosen = draw.choice(len(self._starts), homes, replace=False)
        spans = [np.arange(self._starts[home], self._ends[home]) for home in chosen]
        rows = np.concatenate(spans)
        asked = np.repeat(np.arange(homes), [len(span) for span in spans])
        return {name: column[rows] for name, column in self._table.items()}, asked
