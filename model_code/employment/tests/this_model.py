"""The model under test, packed and on the path; one household of many is enough for its tests."""

from __future__ import annotations

import gzip
from pathlib import Path

from models import Model

# Of so few people, smaller groups than the contract's are judged as well.
MODEL = Model(Path(__file__).resolve().parents[1], minimum_rows=15)
PACKED = MODEL.packed

EVERY = {"2015": 7, "2016": 60, "2017": 60, "2018": 60}
"""Of how many households one is kept, year by year."""
ALONE_OR_FIRST = ("0", "16", "17")


def small_data(folder: Path) -> Path:
    """Whole households from all over the file, all of them real."""
    with gzip.open(MODEL.sample, "rt") as whole:
        kept, household, keeps = [next(whole)], 0, False
        for line in whole:
            year, _, _, _, _, relation, _ = line.split(",", 6)
            if relation in ALONE_OR_FIRST:
                household += 1
                keeps = household % EVERY[year] == 0
            if keeps:
                kept.append(line)
    path = folder / "people.csv"
    path.write_text("".join(kept))
    return path
