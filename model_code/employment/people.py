"""What a row of the data is: a person, with year and household for reviewers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from jobs.contract import Field, Row, load_contract
from jobs.resampling import Numbers
from jobs.tables import Table


def table() -> Table:
    """The columns of a part: who is meant, the inputs, the label; nothing else."""
    contract = load_contract()
    label = Field(name=contract.target, type="boolean")
    return Table(notes=("year", "household", "person"), fields=(*contract.input, label))


def employed(rows: Sequence[Row]) -> Numbers:
    """The label as 0 or 1."""
    target = load_contract().target
    return np.array([row[target] for row in rows], dtype=np.float64)


def households(rows: Sequence[Row]) -> list[Hashable]:
    """Which rows are people who live together, and were asked together."""
    return [(row["year"], row["household"]) for row in rows]
