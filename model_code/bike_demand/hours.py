"""What a row of the data is: an hour, with its date for reviewers and its rentals as the label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jobs.contract import Field, Row, load_contract
from jobs.resampling import Numbers
from jobs.tables import Table


def table() -> Table:
    """The columns of a part: the date, the inputs, the target; nothing else."""
    contract = load_contract()
    # The label is a count, so it is never negative and never blank.
    label = Field(name=contract.target, type="integer", min=0)
    return Table(notes=("date",), fields=(*contract.input, label))


def rentals(rows: Sequence[Row]) -> Numbers:
    """The label as numbers."""
    target = load_contract().target
    return np.array([row[target] for row in rows], dtype=np.float64)
