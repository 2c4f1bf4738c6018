"""frouros on the windows of drift_windows.py, with the thresholds that people put on it.

It tests one column at a time and leaves the rest to its user: which p-value is small, what to do
about thirteen columns, what to do about nulls (they are dropped here).
"""

import argparse
import json
import sys
from collections import Counter
from typing import Any

import drift_windows as source
import numpy as np
from frouros.detectors.data_drift import PSI, ChiSquareTest, KSTest

WORDS = ("weekday", "holiday", "weather")
NAMES = (*source.INPUTS, *source.OUTPUTS)
LEVEL = 0.05
INDEX = 0.1


def verdicts(baseline: source.Table, window: source.Table) -> dict[str, bool]:
    """Whether a window alarms, by the rule that is put on the figures."""
    p_values, indices = [], []
    for name in NAMES:
        before, now = _values(baseline[name]), _values(window[name])
        if name in WORDS:
            p_values.append(_compared(ChiSquareTest(), before, now).p_value)
            continue
        p_values.append(_compared(KSTest(), before, now).p_value)
        indices.append(_compared(PSI(), before, now).distance)
    return {
        "test": min(p_values) < LEVEL,
        "bonferroni": min(p_values) < LEVEL / len(p_values),
        "psi": max(indices) > INDEX,
    }


def _values(column: source.Column) -> Any:
    kept = [value for value in column if value is not None]
    return np.array(kept, dtype=float if isinstance(kept[0], float | int) else str)


def _compared(detector: Any, before: Any, now: Any) -> Any:
    detector.fit(X=before)
    return detector.compare(X=now)[0]


def main() -> None:
    """Count the undisturbed windows that alarm, and print that as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["false_alarms", "fingerprint"])
    parser.add_argument("--sizes", type=int, nargs="+", required=True)
    for name in ("windows", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    table = source.population()
    if given.part == "fingerprint":
        json.dump(source.fingerprint(table, given.sizes[0], given.windows, given.seed), sys.stdout)
        return
    found = {}
    for rows in given.sizes:
        counted: Counter[str] = Counter()
        for baseline, window, _ in source.pairs(table, rows, given.windows, given.seed):
            counted.update({rule: int(hit) for rule, hit in verdicts(baseline, window).items()})
        found[rows] = dict(counted)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
